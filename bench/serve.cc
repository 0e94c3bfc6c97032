#include "serve.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <random>

#include "normlab/base/error.h"
#include "normlab/data/load.h"
#include "normlab/train/evaluate.h"
#include "normlab/train/trainer.h"

namespace normlab::bench {
namespace {

// The blocks that the standard input asks for.
class Blocks {
 public:
  explicit Blocks(int images_per_unit) { write(fmt::format("ready {}", images_per_unit)); }

  // Before each unit of work: whether to do it. Waits between blocks.
  bool next() {
    if (left_ == 0) {
      if (asked_ > 0) {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
        write(fmt::format("{:.9f}", took.count()));
      }
      if (!(std::cin >> asked_) || asked_ < 1) return false;
      left_ = asked_;
      start_ = std::chrono::steady_clock::now();
    }
    --left_;
    return true;
  }

 private:
  static void write(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  int asked_ = 0;
  int left_ = 0;
  std::chrono::steady_clock::time_point start_;
};

Dataset random_dataset(const Network& network, int images) {
  std::mt19937 engine(20);
  std::uniform_int_distribution<int> byte(0, 255);
  std::uniform_int_distribution<int> label(0, network.classes() - 1);
  Dataset data;
  data.name = "random";
  data.shape = network.input_shape();
  data.classes = network.classes();
  data.images.resize(static_cast<std::size_t>(images) * data.shape.size());
  data.labels.resize(static_cast<std::size_t>(images));
  for (auto& value : data.images) value = static_cast<std::uint8_t>(byte(engine));
  for (auto& value : data.labels) value = static_cast<std::uint8_t>(label(engine));
  return data;
}

// The first images of a data set.
Dataset head_of(const Dataset& data, std::size_t images) {
  Dataset head = data;
  head.images.resize(images * data.shape.size());
  head.labels.resize(images);
  return head;
}

}  // namespace

void serve_steps(const WorkloadOptions& options) {
  Network network = checked_network(options);
  Workers workers(options.threads);
  BareTraining training(network, options, workers);
  Blocks blocks(options.batch_size);
  while (blocks.next()) training.step();
  training.check();
}

void serve_evaluations(const WorkloadOptions& options) {
  constexpr int kImages = 10'000;
  const Network network = checked_network(options);
  Workers workers(options.threads);
  const Dataset data = random_dataset(network, kImages);
  const auto channels = static_cast<std::size_t>(data.shape.channels);
  const PixelScale scale{std::vector<float>(channels, 0.5f), std::vector<float>(channels, 0.3f)};
  Blocks blocks(kImages);
  while (blocks.next()) {
    const double loss = evaluate(network, data, scale, workers).loss;
    if (!(loss > 0)) throw Error(fmt::format("a loss of {}", loss));
  }
}

void serve_epoch(const WorkloadOptions& options) {
  Network network = checked_network(options);
  Workers workers(options.threads);
  const Dataset train = load_dataset("mnist", "train", {.fetch = false, .fetching = {}});
  const Dataset test = head_of(train, 16);  // so that an epoch ends at once after its last batch
  Recipe recipe;
  recipe.batch_size = options.batch_size;
  recipe.l1 = options.l1;
  recipe.schedule.kind = ScheduleKind::kConstant;
  recipe.schedule.learning_rate = 0.01;
  recipe.epochs = 1'000'000;  // as many as the blocks take
  Trainer trainer(network, train, test, recipe, workers);
  Blocks blocks(options.batch_size);
  if (!blocks.next()) return;
  try {
    for (;;) trainer.run_epoch([&](const Progress&) { return blocks.next(); });
  } catch (const Interrupted&) {  // no more blocks
  }
}

}  // namespace normlab::bench
