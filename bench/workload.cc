#include "workload.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "nn/reference_network.h"
#include "nn/test_networks.h"
#include "normlab/base/error.h"
#include "normlab/kernels/sgd.h"
#include "normlab/nn/work.h"
#include "reference/random.h"

namespace normlab::bench {
namespace {

constexpr int kBatches = 16;

// How far from plain loops in double a network may be, relative in L2. Every factor that is rounded
// to bf16 is off by up to 2^-9, and so many a ReLU and maximum goes the other way: 0.1 was seen. A
// wrong kernel is off by about 1.
double limit_of(const Network& network) {
  return network.options().convolution == ConvolutionAlgorithm::kBf16 ? 0.3 : 1e-5;
}

// As many as the plain loops get through in about a second.
int samples_to_check(const Network& network) {
  return std::clamp(static_cast<int>(300'000'000 / work_of(network).training_step()), 3, 17);
}

// How far one step and one evaluation are from the reference, relative in L2: the larger of both.
double distance(const Network& made, reference::Random& random, Workers& workers) {
  Network network(made.model(), made.options());
  network.initialise(static_cast<std::uint64_t>(random.integer(1, 1000)));
  const TestBatch batch = random_batch(random, network, samples_to_check(network));
  const ReferenceNetwork reference(network);

  const ReferenceResult evaluation = reference.evaluate(batch.in_double);
  const std::vector<float> ours = log_probabilities(network, batch.batch(), workers);
  const double apart = relative_distance(ours, evaluation.log_probabilities.values);

  const ReferenceResult training = reference.train(batch.in_double);
  TrainingStep step(network, workers);
  const Score score = step.run(batch.batch());
  const double gradient_apart = relative_distance(step.gradient(), training.gradient);
  if (!(std::abs(score.loss - training.loss) <= limit_of(made) * training.loss)) return 1;
  return std::isnan(apart) || std::isnan(gradient_apart) ? 1 : std::max(apart, gradient_apart);
}

// A ReLU or a max-pool that float and double decide differently moves a gradient by more than
// rounding does, which is nobody's mistake; so a few batches are tried, and the best counts.
void check(const Network& network, Workers& workers) {
  reference::Random random(31);
  const double limit = limit_of(network);
  double least = 1;
  for (int attempt = 0; attempt < 4 && least > limit; ++attempt) {
    least = std::min(least, distance(network, random, workers));
  }
  if (!(least <= limit)) {
    throw Error(fmt::format("{}: the step is {:.1e} away from plain loops in double; not timed",
                            network.model().source, least));
  }
}

}  // namespace

Network checked_network(const WorkloadOptions& options) {
  Network network(load_model(options.model), options.network());
  Workers workers(options.threads);
  check(network, workers);
  network.initialise(1);
  return network;
}

std::vector<PlainBatch> random_batches(const Network& network, int samples) {
  const Shape shape = network.input_shape();
  std::mt19937 engine(20);
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> label(0, network.classes() - 1);
  std::vector<PlainBatch> batches;
  for (int i = 0; i < kBatches; ++i) {
    std::vector<float> images(shape.size() * static_cast<std::size_t>(samples));
    for (float& value : images) value = std::max(normal(engine), 0.0f) - 0.42f;
    std::vector<std::uint8_t> labels(static_cast<std::size_t>(samples));
    for (auto& value : labels) value = static_cast<std::uint8_t>(label(engine));
    batches.emplace_back(shape, images, std::move(labels));
  }
  return batches;
}

BareTraining::BareTraining(Network& network, const WorkloadOptions& options, Workers& workers)
    : network_(network),
      l1_(options.l1),
      batches_(random_batches(network, options.batch_size)),
      step_(network, workers),
      velocity_(network.parameter_values().size(), 0.0f) {}

void BareTraining::step() {
  Batch batch = batches_[done_ % kBatches].batch();
  batch.epoch = done_++;  // other dropout masks in each step
  step_.run(batch);
  const auto weights = network_.parameter_values();
  if (l1_ > 0) penalty_ += absolute_sum(weights.data(), weights.size());
  sgd_step(weights.data(), velocity_.data(), step_.gradient().data(), weights.size(),
           {.learning_rate = 0.01f, .momentum = 0.9f, .l1 = l1_});
}

void BareTraining::check() const {
  const auto weights = std::as_const(network_).parameter_values();
  if (!std::isfinite(penalty_) || !std::isfinite(absolute_sum(weights.data(), weights.size()))) {
    throw Error("the weights are no longer finite");
  }
}

}  // namespace normlab::bench
