#include "normlab/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "normlab/base/random.h"
#include "normlab/data/tile_loader.h"
#include "normlab/formats/shortest.h"
#include "normlab/kernels/sgd.h"
#include "normlab/nn/layer.h"
#include "normlab/nn/step.h"
#include "normlab/tensor/tiles.h"
#include "normlab/train/digests.h"
#include "normlab/train/evaluate.h"
#include "normlab/train/order.h"
#include "normlab/train/penalty.h"

namespace normlab {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A model's file names as many classes as it tells apart, and the data names those.
void check_classes(const Network& network, const Dataset& train) {
  if (network.classes() <= train.classes) return;
  throw UsageError(fmt::format(
      "the network '{}' tells {} classes apart, but {} has {}; let its last layer give {} numbers, "
      "or, for images of your own, name all classes in classes.txt",
      network.model().name, network.classes(), train.name, train.classes, train.classes));
}

// Found now rather than by the last, short batch of the first epoch.
void check_batches(const Network& network, const Dataset& train, int batch_size) {
  const int last = (train.size() - 1) % batch_size + 1;
  for (const auto& layer : network.layers()) {
    const Meeting* meeting = layer->meeting();
    if (!meeting || last >= meeting->smallest_batch()) continue;
    throw UsageError(fmt::format(
        "layer '{}': batch norm cannot be trained on one value per channel, and {} images in "
        "batches of {} leave a last batch of {} with 1x1 pixels; choose another batch size",
        layer->name(), train.size(), batch_size, last));
  }
}

}  // namespace

class Trainer::Implementation {
 public:
  Implementation(Network& network, const Dataset& train, const Dataset& test, const Recipe& recipe,
                 Workers& workers, const Dataset* validation)
      : network_(network),
        train_(train),
        test_(test),
        validation_(validation),
        recipe_(recipe),
        workers_(workers),
        scale_{recipe.mean, recipe.std},
        loader_(train, scale_),
        step_(network, workers),
        stretches_(penalty_stretches(network, recipe.l1_scope)),
        velocity_(network.parameter_values().size()) {
    check_fit(network, train);
    check_fit(network, test);
    if (validation != nullptr) check_fit(network, *validation);
    check_classes(network, train);
    if (recipe.batch_size < 1) throw UsageError("train.batch_size must be at least 1");
    check_batches(network, train, recipe.batch_size);
  }

  int epochs_done() const { return epochs_done_; }

  EpochRecord run_epoch(const std::function<bool(const Progress&)>& progress) {
    const auto start = Clock::now();
    Progress now;
    now.epoch = epochs_done_ + 1;
    now.epochs = recipe_.epochs;
    now.batches = (train_.size() + recipe_.batch_size - 1) / recipe_.batch_size;
    const std::vector<std::uint32_t> order =
        recipe_.shuffle ? shuffled_order(train_.size(), recipe_.order_seed(), epoch())
                        : plain_order();

    Score sum;
    double penalty = 0;
    float rate = 0;
    for (; now.batch < now.batches; ++now.batch) {
      const auto first =
          static_cast<std::size_t>(now.batch) * static_cast<std::size_t>(recipe_.batch_size);
      const auto count =
          std::min(order.size() - first, static_cast<std::size_t>(recipe_.batch_size));
      const Score score = step_.run(batch(std::span(order).subspan(first, count)));
      if (!std::isfinite(score.loss)) throw_diverged(now);
      penalty += penalty_term() * static_cast<double>(count);
      rate = learning_rate(recipe_.schedule, epochs_done_, now.batch, recipe_.epochs, now.batches);
      update(rate);

      sum.loss += score.loss;
      sum.correct += score.correct;
      now.images += static_cast<int>(count);
      if (progress) {
        Progress report = now;
        ++report.batch;
        report.loss = sum.loss / now.images;
        report.accuracy = 100.0 * sum.correct / now.images;
        report.images_per_second = now.images / seconds_since(start);
        if (!progress(report)) throw Interrupted("interrupted");
      }
    }
    const double training_seconds = seconds_since(start);
    if (!weights_are_finite()) throw_diverged(now);

    EpochRecord record;
    record.epoch = ++epochs_done_;
    record.learning_rate = shortest(rate);
    record.train_loss = sum.loss / now.images;
    record.train_accuracy = 100.0 * sum.correct / now.images;
    record.train_objective = record.train_loss + penalty / now.images;
    if (!score(record)) throw_diverged(now);
    record.digests = digest_arrays(network_);
    record.seconds = seconds_since(start);
    record.images_per_second = now.images / training_seconds;
    return record;
  }

  TrainingState state() const {
    const auto parameters = std::as_const(network_).parameter_values();
    const auto buffers = std::as_const(network_).buffer_values();
    return {epochs_done_,
            {parameters.begin(), parameters.end()},
            velocity_,
            {buffers.begin(), buffers.end()}};
  }

  void restore(const TrainingState& state) {
    if (state.parameters.size() != network_.parameter_values().size() ||
        state.velocity.size() != velocity_.size() ||
        state.buffers.size() != network_.buffer_values().size()) {
      throw Error(fmt::format("the saved state has {} parameters, the network '{}' has {}",
                              state.parameters.size(), network_.model().name, velocity_.size()));
    }
    epochs_done_ = state.epochs_done;
    std::ranges::copy(state.parameters, network_.parameter_values().begin());
    std::ranges::copy(state.buffers, network_.buffer_values().begin());
    velocity_ = state.velocity;
  }

 private:
  // False if a loss is no finite number: after the last step weights may be finite, and so large
  // that what the network makes of an image is not.
  bool score(EpochRecord& record) const {
    record.test_loss = record.test_accuracy = std::numeric_limits<double>::quiet_NaN();
    if (validation_ != nullptr) {
      const Evaluation held_out = evaluate(network_, *validation_, scale_, workers_);
      record.validation = {held_out.loss, held_out.accuracy, held_out.correct};
      if (!std::isfinite(held_out.loss)) return false;
      // Nothing that is chosen while training can be chosen by the test set.
      if (epochs_done_ < recipe_.epochs) return true;
    }
    const Evaluation test = evaluate(network_, test_, scale_, workers_);
    record.test_loss = test.loss;
    record.test_accuracy = test.accuracy;
    record.test_correct = test.correct;
    return std::isfinite(test.loss);
  }

  std::uint32_t epoch() const { return static_cast<std::uint32_t>(epochs_done_ + 1); }

  std::vector<std::uint32_t> plain_order() const {
    std::vector<std::uint32_t> order(static_cast<std::size_t>(train_.size()));
    std::iota(order.begin(), order.end(), 0u);
    return order;
  }

  Batch batch(std::span<const std::uint32_t> ids) {
    labels_.clear();
    for (const std::uint32_t id : ids) labels_.push_back(train_.labels[id]);
    Batch batch;
    batch.samples = static_cast<int>(ids.size());
    batch.load = [this, ids](float* x, int tile) {
      const auto first = static_cast<std::size_t>(tile) * kLanes;
      const auto mine = ids.subspan(first, std::min<std::size_t>(kLanes, ids.size() - first));
      if (recipe_.augment.enabled) {
        loader_.load_augmented(x, mine, recipe_.augment, recipe_.augmentation_seed(), epoch());
      } else {
        loader_.load(x, mine);
      }
    };
    batch.labels = labels_;
    batch.sample_ids = ids;
    batch.seed = recipe_.dropout_seed();
    batch.epoch = epoch();
    return batch;
  }

  // lambda * sum |p| before the step: what the objective of this batch held.
  double penalty_term() const {
    if (recipe_.l1 == 0.0f) return 0;
    double sum = 0;
    for (const PenaltyStretch& stretch : stretches_) {
      if (!stretch.penalised) continue;
      sum += absolute_sum(network_.parameter_values().data() + stretch.offset, stretch.count);
    }
    return static_cast<double>(recipe_.l1) * sum;
  }

  void update(float rate) {
    SgdStep step{.learning_rate = rate,
                 .momentum = recipe_.momentum,
                 .weight_decay = recipe_.weight_decay,
                 .l1 = 0.0f,
                 .nesterov = recipe_.nesterov};
    for (const PenaltyStretch& stretch : stretches_) {
      step.l1 = stretch.penalised ? recipe_.l1 : 0.0f;
      sgd_step(network_.parameter_values().data() + stretch.offset,
               velocity_.data() + stretch.offset, step_.gradient().data() + stretch.offset,
               stretch.count, step);
    }
  }

  bool weights_are_finite() const {
    const auto finite = [](float value) { return std::isfinite(value); };
    return std::ranges::all_of(std::as_const(network_).parameter_values(), finite) &&
           std::ranges::all_of(std::as_const(network_).buffer_values(), finite);
  }

  [[noreturn]] void throw_diverged(const Progress& now) const {
    throw DivergedError(fmt::format(
        "the loss is no longer a finite number in epoch {}, batch {} of {}; the usual causes are a "
        "learning rate that is too high ({}), a network without normalization, or damaged data",
        now.epoch, std::min(now.batch + 1, now.batches), now.batches,
        recipe_.schedule.learning_rate));
  }

  Network& network_;
  const Dataset& train_;
  const Dataset& test_;
  const Dataset* validation_;
  Recipe recipe_;
  Workers& workers_;
  PixelScale scale_;
  TileLoader loader_;
  TrainingStep step_;
  std::vector<PenaltyStretch> stretches_;
  FloatBuffer velocity_;
  std::vector<std::uint8_t> labels_;  // of the batch
  int epochs_done_ = 0;
};

Trainer::Trainer(Network& network, const Dataset& train, const Dataset& test, const Recipe& recipe,
                 Workers& workers, const Dataset* validation)
    : implementation_(
          std::make_unique<Implementation>(network, train, test, recipe, workers, validation)) {}
Trainer::~Trainer() = default;

int Trainer::epochs_done() const { return implementation_->epochs_done(); }

EpochRecord Trainer::run_epoch(const std::function<bool(const Progress&)>& progress) {
  return implementation_->run_epoch(progress);
}

TrainingState Trainer::state() const { return implementation_->state(); }

void Trainer::restore(const TrainingState& state) { implementation_->restore(state); }

}  // namespace normlab
