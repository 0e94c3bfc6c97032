#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "nn/test_networks.h"
#include "normlab/nn/step.h"
#include "normlab/tensor/tiles.h"
#include "reference/compare.h"

namespace normlab {
namespace {

// Log-probabilities [N][classes].
std::vector<float> infer(Inference& inference, const Network& network, const TestBatch& batch) {
  const auto classes = static_cast<std::size_t>(network.classes());
  std::vector<float> result(static_cast<std::size_t>(batch.in_double.x.n) * classes, NAN);
  Batch input;
  input.samples = batch.in_double.x.n;
  input.load = [&](float* to, int tile) { batch.load(to, tile); };
  inference.run(input, [&](const float* log_probabilities, int tile, int lanes) {
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(lanes); ++lane) {
      const std::size_t sample = static_cast<std::size_t>(tile) * kLanes + lane;
      for (std::size_t k = 0; k < classes; ++k) {
        result.at(sample * classes + k) = log_probabilities[k * kLanes + lane];
      }
    }
  });
  return result;
}

TEST(Inference, EqualsTheReferenceInDouble) {
  reference::Random random(221);
  Workers workers(2);
  for (const char* text : kTestNetworks) {
    for (const NormKind kind : norm_kinds()) {
      for (const int samples : {1, 16, 33}) {
        const Network network = random_network(random, text, {.kind = kind, .groups = 2});
        SCOPED_TRACE(network.model().name + ", " + to_string(kind));
        const TestBatch batch = random_batch(random, network, samples);
        const ReferenceResult expected = ReferenceNetwork(network).evaluate(batch.in_double);
        Inference inference(network, workers);
        EXPECT_LT(
            relative_distance(infer(inference, network, batch), expected.log_probabilities.values),
            1e-5);
      }
    }
  }
}

// Weights and running statistics change under an inference that exists already.
TEST(Inference, SeesWhatTrainingHasChanged) {
  reference::Random random(222);
  Workers workers(2);
  Network network = random_network(random, kEveryLayer, {.kind = NormKind::kBatch});
  const TestBatch batch = random_batch(random, network, 17);
  Inference inference(network, workers);
  const std::vector<float> before = infer(inference, network, batch);

  TrainingStep step(network, workers);
  step.run(batch.batch());  // moves the running statistics
  const std::vector<float> moved = infer(inference, network, batch);
  EXPECT_NE(before, moved);
  EXPECT_LT(
      relative_distance(
          moved, ReferenceNetwork(network).evaluate(batch.in_double).log_probabilities.values),
      1e-5);

  for (float& value : network.parameter_values()) value *= 0.9f;
  EXPECT_LT(relative_distance(
                infer(inference, network, batch),
                ReferenceNetwork(network).evaluate(batch.in_double).log_probabilities.values),
            1e-5);
}

TEST(Inference, GivesTheSameBitsWithAnyNumberOfWorkers) {
  reference::Random random(223);
  const Network network =
      random_network(random, kEveryLayer, {.kind = NormKind::kGroup, .groups = 2});
  const TestBatch batch = random_batch(random, network, 100);
  Workers alone(1);
  Inference first(network, alone);
  const std::vector<float> expected = infer(first, network, batch);
  for (const int size : {2, 3, 7}) {
    Workers workers(size);
    Inference inference(network, workers);
    expect_same_bits("log-probabilities", expected, infer(inference, network, batch));
  }
}

}  // namespace
}  // namespace normlab
