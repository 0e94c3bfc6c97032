#include "normlab/nn/step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "expect_error.h"
#include "kernels/instruction_sets.h"
#include "nn/test_networks.h"
#include "norms/table.h"
#include "reference/compare.h"

namespace normlab {
namespace {

constexpr int kBatchSizes[] = {1, 5, 16, 17, 33};

// With all settings of the table.
std::vector<Norm> all_norms() {
  std::vector<Norm> norms;
  for (const NormCase& each : norm_cases()) {
    norms.insert(norms.end(), each.tries.begin(), each.tries.end());
  }
  for (const auto placement : {NormPlacement::kAfter, NormPlacement::kBefore}) {
    norms.push_back({.kind = NormKind::kBatch, .placement = placement});
    norms.push_back({.kind = NormKind::kGroup, .groups = 2, .placement = placement});
  }
  // With norms only: standardized weights are large, and without a norm so is the loss, with its
  // roundings.
  norms.push_back({.kind = NormKind::kBatch, .weight_standardization = true});
  norms.push_back({.kind = NormKind::kGroup, .groups = 2, .weight_standardization = true});
  return norms;
}

// Whether some batch norm would see one value per channel.
bool has_one_value_per_channel(std::string_view text, int samples) {
  return samples == 1 && text == kNamedNorms;
}

// Of the relative distance. The four or six channels of a pixel may be nearly equal, after a ReLU
// or a dropout all but one may be 0: layer norm per pixel then divides by little more than its own
// rounding, and on a few pixels a step is off by what that makes of it.
double gradient_limit(const Norm& norm) {
  return norm.kind == parse_norm_kind("layer2d") ? 5e-5 : 1e-5;
}

std::string describe(const Network& network, int samples) {
  return network.model().name + ", " + describe(network.options().norm) +
         (network.options().norm.affine ? "" : " without scale and shift") + ", batch of " +
         std::to_string(samples);
}

TEST(TrainingStep, AgreesWithTheReferenceNetwork) {
  reference::Random random(211);
  Workers workers(2);
  for (const char* text : kTestNetworks) {
    for (const Norm& norm : all_norms()) {
      for (const int samples : kBatchSizes) {
        if (has_one_value_per_channel(text, samples)) continue;
        Network network = random_network(random, text, norm);
        SCOPED_TRACE(describe(network, samples));
        const TestBatch batch = random_batch(random, network, samples);
        const ReferenceResult expected = ReferenceNetwork(network).train(batch.in_double);
        TrainingStep step(network, workers);
        const Score score = step.run(batch.batch());
        EXPECT_NEAR(score.loss, expected.loss, 2e-6 * std::max<double>(samples, expected.loss));
        EXPECT_EQ(score.correct, expected.correct);
        EXPECT_LT(relative_distance(step.gradient(), expected.gradient), gradient_limit(norm));
        if (!network.buffers().empty()) {
          EXPECT_LT(relative_distance(network.buffer_values(), expected.buffers), 1e-6);
        }
      }
    }
  }
}

TEST(TrainingStep, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(212);
  Workers workers(1);
  const Network made = random_network(random, kEveryLayer, {.kind = NormKind::kBatch});
  const TestBatch batch = random_batch(random, made, 17);
  const ReferenceResult expected = ReferenceNetwork(made).train(batch.in_double);
  on_every_instruction_set([&] {
    Network network(made.model(), made.options());
    std::ranges::copy(made.parameter_values(), network.parameter_values().begin());
    TrainingStep step(network, workers);
    EXPECT_NEAR(step.run(batch.batch()).loss, expected.loss, 1e-5 * expected.loss);
    EXPECT_LT(relative_distance(step.gradient(), expected.gradient), 1e-5);
  });
}

// Factors of eight bits: no limit is derived for a whole network, where a ReLU or maximum near a
// tie may go the other way; a kernel on the wrong numbers is off by about 1.
TEST(TrainingStep, InBf16IsNearTheReferenceOnEveryInstructionSet) {
  reference::Random random(216);
  Workers workers(1);
  const auto conv = [](const char* out, const char* kernel) {
    return std::string("[[layer]]\ntype = \"conv\"\nbias = true\nout = ") + out +
           "\nkernel = " + kernel + "\n";
  };
  const std::string norm = "[[layer]]\ntype = \"norm\"\n";
  const std::string relu = "[[layer]]\ntype = \"relu\"\n";
  const std::string text = "name = \"bf16\"\ninput = [2, 9, 8]\n" + conv("6", "3") + relu + norm +
                           conv("10", "[2, 3]") + norm + relu + conv("8", "1") + norm +
                           conv("18", "3") + relu + "[[layer]]\ntype = \"global_average_pool\"\n";
  const Network made =
      random_network(random, text.c_str(), {.kind = NormKind::kGroup, .groups = 2});
  const TestBatch batch = random_batch(random, made, 17);
  const ReferenceResult expected = ReferenceNetwork(made).train(batch.in_double);
  NetworkOptions options = made.options();
  options.convolution = ConvolutionAlgorithm::kBf16;
  std::vector<float> first;
  on_every_instruction_set([&] {
    Network network(made.model(), options);
    std::ranges::copy(made.parameter_values(), network.parameter_values().begin());
    TrainingStep step(network, workers);
    EXPECT_NEAR(step.run(batch.batch()).loss, expected.loss, 0.02 * expected.loss);
    const double distance = relative_distance(step.gradient(), expected.gradient);
    EXPECT_LT(distance, 0.1);
    EXPECT_GT(distance, 1e-4) << "it is not in use";
    if (!has_fused_multiply_add()) return;
    if (first.empty()) first.assign(step.gradient().begin(), step.gradient().end());
    expect_same_bits("gradient", first, {step.gradient().begin(), step.gradient().end()});
  });
}

struct StepOutputs {
  Score score;
  std::vector<float> gradient;
  std::vector<float> buffers;
};

// One step on a copy of the network, after steps on other batches.
StepOutputs step_on_copy(const Network& made, Workers& workers, const TestBatch& batch,
                         std::span<const TestBatch> before = {}) {
  Network network(made.model(), made.options());
  TrainingStep step(network, workers);
  for (const TestBatch& other : before) step.run(other.batch());
  std::ranges::copy(made.parameter_values(), network.parameter_values().begin());
  std::ranges::copy(made.buffer_values(), network.buffer_values().begin());
  StepOutputs outputs;
  outputs.score = step.run(batch.batch());
  outputs.gradient.assign(step.gradient().begin(), step.gradient().end());
  outputs.buffers.assign(network.buffer_values().begin(), network.buffer_values().end());
  return outputs;
}

void expect_same(const StepOutputs& expected, const StepOutputs& actual) {
  EXPECT_EQ(expected.score.loss, actual.score.loss);
  EXPECT_EQ(expected.score.correct, actual.score.correct);
  expect_same_bits("gradient", expected.gradient, actual.gradient);
  expect_same_bits("running statistics", expected.buffers, actual.buffers);
}

TEST(TrainingStep, GivesTheSameBitsWithAnyNumberOfWorkers) {
  reference::Random random(213);
  for (const char* text : kTestNetworks) {
    for (const Norm& norm : all_norms()) {
      const Network network = random_network(random, text, norm);
      const TestBatch batch = random_batch(random, network, 100);
      SCOPED_TRACE(describe(network, 100));
      Workers alone(1);
      const StepOutputs expected = step_on_copy(network, alone, batch);
      for (const int size : {2, 3, 7}) {
        SCOPED_TRACE(std::to_string(size) + " workers");
        Workers workers(size);
        expect_same(expected, step_on_copy(network, workers, batch));
      }
    }
  }
}

TEST(TrainingStep, RemembersNothingOfEarlierBatches) {
  reference::Random random(214);
  Workers workers(2);
  for (const char* text : kTestNetworks) {
    for (const Norm& norm : all_norms()) {
      const Network network = random_network(random, text, norm);
      SCOPED_TRACE(describe(network, 5));
      const TestBatch batch = random_batch(random, network, 5);
      const std::vector<TestBatch> before = {random_batch(random, network, 33),
                                             random_batch(random, network, 2)};
      expect_same(step_on_copy(network, workers, batch),
                  step_on_copy(network, workers, batch, before));
    }
  }
}

TEST(TrainingStep, DropsByNumbersOfSeedEpochAndSample) {
  reference::Random random(215);
  Workers workers(1);
  const Network network = random_network(random, kInPlace, {.kind = NormKind::kNone});
  const TestBatch batch = random_batch(random, network, 5);
  const StepOutputs expected = step_on_copy(network, workers, batch);
  TestBatch other = batch;
  other.in_double.seed += 1;
  EXPECT_NE(step_on_copy(network, workers, other).gradient, expected.gradient);
  other = batch;
  other.in_double.epoch += 1;
  EXPECT_NE(step_on_copy(network, workers, other).gradient, expected.gradient);
  other = batch;
  other.in_double.sample_ids[2] += 1;
  EXPECT_NE(step_on_copy(network, workers, other).gradient, expected.gradient);
}

// Files write eps out, and a network that is built from one must be the network that trained.
TEST(TrainingStep, IsTheSameWhetherEpsIsSetToTheNormsOwnOrNotAtAll) {
  Workers workers(1);
  for (const char* text : {kNamedNorms, kEveryLayer}) {
    for (const NormKind kind : norm_kinds()) {
      const auto step = [&](std::optional<float> eps) {
        reference::Random random(217);
        const Network network =
            random_network(random, text, {.kind = kind, .groups = 2, .eps = eps});
        return step_on_copy(network, workers, random_batch(random, network, 5));
      };
      SCOPED_TRACE(text);
      SCOPED_TRACE(to_string(kind));
      const StepOutputs expected = step({});
      expect_same(expected, step(norm_eps({.kind = kind})));
      if (text == kNamedNorms) {
        EXPECT_NE(expected.gradient, step(1e-3f).gradient);
      }
    }
  }
}

TEST(TrainingStep, RefusesBatchNormOnOneValuePerChannel) {
  reference::Random random(216);
  Workers workers(2);
  Network network = random_network(random, kNamedNorms, {});
  TrainingStep step(network, workers);
  const TestBatch one = random_batch(random, network, 1);
  expect_error<Error>([&] { step.run(one.batch()); },
                      {"'last'", "one value per channel", "at least 2"});
  // Two samples are enough, and the step is fit for use after the error.
  const TestBatch two = random_batch(random, network, 2);
  EXPECT_TRUE(std::isfinite(step.run(two.batch()).loss));
}

}  // namespace
}  // namespace normlab
