#include "normlab/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "expect_error.h"
#include "nn/test_networks.h"
#include "reference/compare.h"
#include "reference/sgd.h"
#include "train/random_dataset.h"

namespace normlab {
namespace {

// Smooth: without a ReLU or a maximum, double and float stay close for many steps.
constexpr const char* kSmooth = R"(
name = "smooth"
input = [1, 6, 6]
[[layer]]
type = "conv"
out = 4
kernel = 3
bias = true
[[layer]]
type = "norm"
[[layer]]
type = "average_pool"
kernel = 2
[[layer]]
type = "dropout"
probability = 0.2
[[layer]]
type = "linear"
out = 3
bias = true
)";

// Constant rate, no augmentation; 21 images in batches of 8 leave a last batch of 5.
Recipe plain_recipe() {
  Recipe recipe;
  recipe.batch_size = 8;
  recipe.epochs = 10;
  recipe.seed = 7;
  recipe.schedule = {.kind = ScheduleKind::kConstant, .learning_rate = 0.05};
  recipe.augment.enabled = false;
  recipe.mean = {0.5f};
  recipe.std = {0.3f};
  return recipe;
}

struct Data {
  Dataset train;
  Dataset test;
};

Data random_data(reference::Random& random, int train = 21, int test = 19) {
  return {random_dataset(random, "train", {1, 6, 6}, 3, train),
          random_dataset(random, "test", {1, 6, 6}, 3, test)};
}

// One epoch in double, image by image as the recipe says it.
struct ReferenceEpoch {
  double loss = 0;
  double penalty = 0;
  int correct = 0;
  std::vector<int> batch_sizes;
};

class ReferenceTrainer {
 public:
  ReferenceTrainer(const Network& network, const Dataset& data, const Recipe& recipe)
      : reference(network),
        velocity_(reference.parameters.size()),
        network_(network),
        data_(data),
        recipe_(recipe) {}

  // `order` holds the epoch's positions; the last batch takes what is left.
  ReferenceEpoch run(const std::vector<std::uint32_t>& order, std::uint32_t epoch) {
    ReferenceEpoch result;
    for (std::size_t first = 0; first < order.size();) {
      const std::size_t count =
          std::min(order.size() - first, static_cast<std::size_t>(recipe_.batch_size));
      ReferenceBatch batch = reference_batch(data_, {recipe_.mean, recipe_.std},
                                             std::span(order).subspan(first, count));
      batch.seed = recipe_.seed;
      batch.epoch = epoch;
      const ReferenceResult step = reference.train(batch);
      result.loss += step.loss / static_cast<double>(order.size());
      result.correct += step.correct;
      result.penalty += penalty() * static_cast<double>(count) / static_cast<double>(order.size());
      result.batch_sizes.push_back(static_cast<int>(count));
      reference.buffers = step.buffers;
      update(step.gradient);
      first += count;
    }
    return result;
  }

  ReferenceNetwork reference;

 private:
  // Only weights of convolutions, [O][C][KH][KW], and linear layers, [O][K], have several
  // dimensions.
  bool penalised(const ParameterView& view) const {
    return recipe_.l1_scope == L1Scope::kAll || view.shape.size() > 1;
  }

  double penalty() const {
    double sum = 0;
    for (const ParameterView& view : network_.parameters()) {
      if (!penalised(view)) continue;
      for (std::size_t i = view.offset; i < view.offset + view.count; ++i) {
        sum += std::abs(reference.parameters[i]);
      }
    }
    return static_cast<double>(recipe_.l1) * sum;
  }

  void update(const std::vector<double>& gradient) {
    for (const ParameterView& view : network_.parameters()) {
      const auto part = [&](const std::vector<double>& whole) {
        const auto from = whole.begin() + static_cast<std::ptrdiff_t>(view.offset);
        return std::vector<double>(from, from + static_cast<std::ptrdiff_t>(view.count));
      };
      std::vector<double> p = part(reference.parameters);
      std::vector<double> v = part(velocity_);
      reference::sgd_step(p, v, part(gradient),
                          {.learning_rate = recipe_.schedule.learning_rate,
                           .momentum = static_cast<double>(recipe_.momentum),
                           .weight_decay = static_cast<double>(recipe_.weight_decay),
                           .l1 = penalised(view) ? static_cast<double>(recipe_.l1) : 0,
                           .nesterov = recipe_.nesterov});
      std::ranges::copy(p, reference.parameters.begin() + static_cast<std::ptrdiff_t>(view.offset));
      std::ranges::copy(v, velocity_.begin() + static_cast<std::ptrdiff_t>(view.offset));
    }
  }

  std::vector<double> velocity_;
  const Network& network_;
  const Dataset& data_;
  Recipe recipe_;
};

// The order in which the trainer of a network without dropout and shuffling must go.
std::vector<std::uint32_t> in_order(int count) {
  std::vector<std::uint32_t> order;
  for (int i = 0; i < count; ++i) order.push_back(static_cast<std::uint32_t>(i));
  return order;
}

TEST(Trainer, FollowsTheReferenceOverManySteps) {
  reference::Random random(311);
  const Data data = random_data(random);
  std::vector<Recipe> recipes(6, plain_recipe());
  recipes[0].momentum = 0;
  recipes[1].momentum = 0.9f;
  recipes[2].nesterov = true;
  recipes[3].weight_decay = 0.01f;
  recipes[4].l1 = 0.003f;
  recipes[5].l1 = 0.003f;
  recipes[5].l1_scope = L1Scope::kWeights;
  recipes[5].nesterov = true;
  recipes[5].weight_decay = 0.005f;
  Workers workers(2);
  for (std::size_t r = 0; r < recipes.size(); ++r) {
    SCOPED_TRACE("recipe " + std::to_string(r));
    Recipe recipe = recipes[r];
    recipe.shuffle = false;
    Network network = random_network(random, kSmooth, {.kind = NormKind::kBatch});
    ReferenceTrainer reference(network, data.train, recipe);
    Trainer trainer(network, data.train, data.test, recipe, workers);
    for (std::uint32_t epoch = 1; epoch <= 10; ++epoch) {
      SCOPED_TRACE("epoch " + std::to_string(epoch));
      const ReferenceEpoch expected = reference.run(in_order(21), epoch);
      ASSERT_EQ(expected.batch_sizes, (std::vector<int>{8, 8, 5}));
      const EpochRecord actual = trainer.run_epoch({});
      EXPECT_EQ(actual.epoch, static_cast<int>(epoch));
      EXPECT_NEAR(actual.train_loss, expected.loss, 1e-5);
      EXPECT_NEAR(actual.train_objective, expected.loss + expected.penalty, 1e-5);
      EXPECT_NEAR(actual.train_accuracy, 100.0 * expected.correct / 21, 1e-9);
      EXPECT_LT(relative_distance(network.parameter_values(), reference.reference.parameters),
                2e-5);
      EXPECT_LT(relative_distance(network.buffer_values(), reference.reference.buffers), 2e-5);
      const ReferenceResult test = reference.reference.evaluate(
          reference_batch(data.test, {recipe.mean, recipe.std}, in_order(19)));
      EXPECT_NEAR(actual.test_loss, test.loss / 19, 1e-5);
      EXPECT_EQ(actual.test_correct, test.correct);
    }
    EXPECT_EQ(trainer.epochs_done(), 10);
  }
}

TEST(Trainer, GoesThroughEveryImageAndReportsEachBatch) {
  reference::Random random(312);
  const Data data = random_data(random);
  Network network = random_network(random, kSmooth, {.kind = NormKind::kGroup, .groups = 2});
  Workers workers(1);
  Trainer trainer(network, data.train, data.test, plain_recipe(), workers);
  std::vector<int> images;
  const EpochRecord record = trainer.run_epoch([&](const Progress& progress) {
    EXPECT_EQ(progress.epoch, 1);
    EXPECT_EQ(progress.epochs, 10);
    EXPECT_EQ(progress.batches, 3);
    EXPECT_EQ(progress.batch, static_cast<int>(images.size()) + 1);
    images.push_back(progress.images);
    EXPECT_GT(progress.loss, 0);
    return true;
  });
  EXPECT_EQ(images, (std::vector<int>{8, 16, 21}));
  EXPECT_GT(record.train_loss, 0);
}

TrainingState train(const Network& made, const Data& data, const Recipe& recipe, int threads,
                    int epochs) {
  Network network(made.model(), made.options());
  std::ranges::copy(made.parameter_values(), network.parameter_values().begin());
  Workers workers(threads);
  Trainer trainer(network, data.train, data.test, recipe, workers);
  for (int epoch = 0; epoch < epochs; ++epoch) trainer.run_epoch({});
  return trainer.state();
}

void expect_same(const TrainingState& expected, const TrainingState& actual) {
  EXPECT_EQ(expected.epochs_done, actual.epochs_done);
  expect_same_bits("parameters", expected.parameters, actual.parameters);
  expect_same_bits("velocity", expected.velocity, actual.velocity);
  expect_same_bits("running statistics", expected.buffers, actual.buffers);
}

TEST(Trainer, GivesTheSameBitsWithAnyNumberOfThreads) {
  reference::Random random(313);
  const Data data = random_data(random, 70);
  Recipe recipe = plain_recipe();
  recipe.batch_size = 48;
  recipe.augment = {.shift = 1, .scale = 0.2f};
  for (const NormKind kind : {NormKind::kBatch, NormKind::kLayer}) {
    const Network network = random_network(random, kSmooth, {.kind = kind});
    const TrainingState expected = train(network, data, recipe, 1, 3);
    for (const int threads : {2, 3, 7}) {
      SCOPED_TRACE(std::to_string(threads) + " threads");
      expect_same(expected, train(network, data, recipe, threads, 3));
    }
  }
}

TEST(Trainer, GoesOnFromAStateAsIfNothingHadHappened) {
  reference::Random random(314);
  const Data data = random_data(random);
  Recipe recipe = plain_recipe();
  recipe.l1 = 0.001f;
  recipe.augment = {.shift = 1, .scale = 0.2f};
  const Network made = random_network(random, kSmooth, {.kind = NormKind::kBatch});
  const TrainingState whole = train(made, data, recipe, 1, 4);
  const TrainingState half = train(made, data, recipe, 1, 2);

  Network network(made.model(), made.options());
  Workers workers(1);
  Trainer trainer(network, data.train, data.test, recipe, workers);
  trainer.restore(half);
  EXPECT_EQ(trainer.epochs_done(), 2);
  trainer.run_epoch({});
  trainer.run_epoch({});
  expect_same(whole, trainer.state());

  TrainingState damaged = half;
  damaged.velocity.pop_back();
  expect_error<Error>([&] { trainer.restore(damaged); }, {"smooth"});
}

TEST(Trainer, SeedDecidesOrderAndDropout) {
  reference::Random random(315);
  const Data data = random_data(random);
  const Network made = random_network(random, kSmooth, {.kind = NormKind::kNone});
  Recipe recipe = plain_recipe();
  const TrainingState one = train(made, data, recipe, 1, 1);
  expect_same(one, train(made, data, recipe, 1, 1));
  recipe.seed += 1;
  EXPECT_NE(one.parameters, train(made, data, recipe, 1, 1).parameters);
}

TEST(Trainer, StopsWhenAskedTo) {
  reference::Random random(316);
  const Data data = random_data(random);
  Network network = random_network(random, kSmooth, {.kind = NormKind::kNone});
  Workers workers(1);
  Trainer trainer(network, data.train, data.test, plain_recipe(), workers);
  int batches = 0;
  EXPECT_THROW(trainer.run_epoch([&](const Progress&) { return ++batches < 2; }), Interrupted);
  EXPECT_EQ(batches, 2);
  EXPECT_EQ(trainer.epochs_done(), 0);
}

TEST(Trainer, SaysWhereTheLossDiverged) {
  reference::Random random(317);
  const Data data = random_data(random);
  Network network = random_network(random, kSmooth, {.kind = NormKind::kNone});
  Workers workers(1);
  Recipe recipe = plain_recipe();
  recipe.schedule.learning_rate = 1e30;
  Trainer trainer(network, data.train, data.test, recipe, workers);
  expect_error<DivergedError>([&] { trainer.run_epoch({}); },
                              {"epoch 1", "batch", "learning rate"});

  // In the one step of an epoch: its loss and the weights after it are finite, the images' are not.
  recipe.batch_size = data.train.size();
  recipe.schedule.learning_rate = 1e28;
  for (const bool validates : {false, true}) {
    Network large = random_network(random, kSmooth, {.kind = NormKind::kNone});
    Trainer one(large, data.train, data.test, recipe, workers, validates ? &data.test : nullptr);
    bool was_finite = false;
    const auto look = [&](const Progress& now) { return was_finite = std::isfinite(now.loss); };
    expect_error<DivergedError>([&] { one.run_epoch(look); }, {"epoch 1", "batch 1 of 1"});
    EXPECT_TRUE(was_finite);
    EXPECT_TRUE(std::ranges::all_of(large.parameter_values(), [](float p) { return p * 0 == 0; }));
  }

  // One NaN among the weights is enough.
  Network damaged = random_network(random, kSmooth, {.kind = NormKind::kNone});
  damaged.parameter_values()[3] = std::numeric_limits<float>::quiet_NaN();
  Trainer other(damaged, data.train, data.test, plain_recipe(), workers);
  expect_error<DivergedError>([&] { other.run_epoch({}); }, {"epoch 1", "batch 1"});
}

TEST(Trainer, RefusesWhatCannotBeTrained) {
  reference::Random random(318);
  Workers workers(1);
  Recipe recipe = plain_recipe();
  const auto refuse = [&](Network& network, const Data& data, const Recipe& chosen,
                          const std::vector<std::string>& parts) {
    expect_error<UsageError>([&] { Trainer(network, data.train, data.test, chosen, workers); },
                             parts);
  };
  Network network = random_network(random, kSmooth, {.kind = NormKind::kNone});
  Data other_size = random_data(random);
  other_size.test = random_dataset(random, "test", {1, 7, 6}, 3, 4);
  refuse(network, other_size, recipe, {"1x6x6", "1x7x6"});
  // A label too many would have no number, a number too many no name.
  Data other_classes = random_data(random);
  other_classes.train.classes = 2;
  for (auto& label : other_classes.train.labels) label %= 2;
  refuse(network, other_classes, recipe, {"3 classes", "has 2", "classes.txt"});
  Recipe no_batch = recipe;
  no_batch.batch_size = 0;
  refuse(network, random_data(random), no_batch, {"batch_size"});

  // A last batch of one image, and a batch norm of 1x1 pixels.
  constexpr const char* kPoint = R"(
name = "point"
input = [1, 6, 6]
[[layer]]
type = "linear"
out = 3
[[layer]]
type = "batch_norm"
name = "last"
)";
  Network point = random_network(random, kPoint, {});
  refuse(point, random_data(random, 17), recipe, {"'last'", "one value per channel", "17 images"});
  Data fits = random_data(random, 18);
  Trainer trainer(point, fits.train, fits.test, recipe, workers);
  EXPECT_TRUE(std::isfinite(trainer.run_epoch({}).train_loss));
}

}  // namespace
}  // namespace normlab
