#include "step.h"

#include <fmt/core.h>

#include <cstdio>
#include <iostream>
#include <random>

#include "normlab/base/error.h"
#include "normlab/kernels/sgd.h"
#include "normlab/nn/network.h"
#include "normlab/nn/step.h"
#include "parity/exchange.h"
#include "parity/golden_step.h"
#include "timing.h"

namespace normlab::bench {
namespace {

constexpr int kBatches = 16;

void check(const StepOptions& options, Workers& workers) {
  for (const GoldenCase& golden : golden_cases()) {
    if (golden.norm != options.norm || !golden.name.starts_with("session6")) continue;
    for (const Difference& difference :
         compare_with_golden(options.root, golden, ConvolutionAlgorithm::kWinograd, workers)) {
      if (!(difference.ours <= 1e-5)) {
        throw Error(fmt::format("{}: {} is {} away from PyTorch's float64; not timed", golden.name,
                                difference.quantity, difference.ours));
      }
    }
    return;
  }
  throw Error("no golden file for this norm");
}

// Images like MNIST in what matters here: half of each is background.
std::vector<PlainBatch> random_batches(const Shape& shape, int classes, int samples) {
  std::mt19937 engine(20);
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> label(0, classes - 1);
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

}  // namespace

void serve_steps(const StepOptions& options) {
  Workers workers(options.threads);
  check(options, workers);

  Network network(load_model(options.root / "models/session6.toml"),
                  {.norm = {.kind = options.norm}, .dropout = {}});
  network.initialise(1);
  const auto batches = random_batches(network.input_shape(), network.classes(), options.batch_size);
  TrainingStep step(network, workers);
  const auto weights = network.parameter_values();
  FloatBuffer velocity(weights.size(), 0.0f);
  const SgdStep sgd{.learning_rate = 0.01f, .momentum = 0.9f, .l1 = options.l1};

  const auto write = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  write("ready");
  std::uint32_t done = 0;
  for (int count = 0; std::cin >> count;) {
    double penalty = 0;
    const double seconds = seconds_of([&] {
      for (int i = 0; i < count; ++i, ++done) {
        Batch batch = batches[done % kBatches].batch();
        batch.epoch = done;  // other dropout masks in each step
        step.run(batch);
        if (options.l1 > 0) penalty += absolute_sum(weights.data(), weights.size());
        sgd_step(weights.data(), velocity.data(), step.gradient().data(), weights.size(), sgd);
      }
    });
    if (!std::isfinite(penalty) || !std::isfinite(absolute_sum(weights.data(), weights.size()))) {
      throw Error("the weights are no longer finite");
    }
    write(fmt::format("{:.9f}", seconds));
  }
}

}  // namespace normlab::bench
