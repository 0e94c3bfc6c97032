#include "normlab/experiment/estimate.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/workers.h"

namespace normlab {
namespace {

constexpr std::size_t kMostMeasured = 24;
constexpr int kLeastImages = 512;
constexpr int kLeastSteps = 4;

// The first images of a data set that has more, in whole batches: a last batch of one may be too
// small for a batch norm.
Dataset head_of(const Dataset& data, int images, int batch_size) {
  const int count = images < data.size() ? images / batch_size * batch_size : data.size();
  Dataset head;
  head.name = data.name;
  head.split = data.split;
  head.shape = data.shape;
  head.classes = data.classes;
  head.class_names = data.class_names;
  head.labels.assign(data.labels.begin(), data.labels.begin() + count);
  head.images.assign(data.image(0), data.image(count));
  return head;
}

// Seconds that an epoch of the run takes; nothing if its loss becomes no number at once.
std::optional<double> measure(const RunSettings& settings, const DatasetPair& data,
                              const Dataset& test, Workers& workers) {
  const int batch_size = settings.recipe.batch_size;
  const Dataset train =
      head_of(data.train, std::max(kLeastImages, kLeastSteps * batch_size), batch_size);
  Network network = build_network(settings);
  network.initialise(settings.recipe.initialisation_seed());
  Trainer trainer(network, train, test, settings.recipe, workers);
  try {
    trainer.run_epoch({});  // memory is touched for the first time
    const EpochRecord record = trainer.run_epoch({});
    const double step_seconds = 1 / record.images_per_second;
    const double test_seconds =
        std::max(0.0, record.seconds - train.size() * step_seconds) / test.size();
    const Dataset& scored = data.held_out() != nullptr ? data.validation : data.test;
    return data.train.size() * step_seconds + scored.size() * test_seconds;
  } catch (const DivergedError&) {
    return std::nullopt;
  }
}

// Two checkpoints, model.safetensors, predictions.csv and the tables of a run's folder.
std::uint64_t bytes_of(const RunSettings& settings, const DatasetPair& data) {
  const Network network = build_network(settings);
  const std::uint64_t values = network.parameter_values().size();
  const std::uint64_t buffers = network.buffer_values().size();
  const auto epochs = static_cast<std::uint64_t>(settings.recipe.epochs);
  const std::uint64_t arrays = network.parameters().size() + network.buffers().size();
  const std::uint64_t text = settings.model_text.size() + 4096;
  const std::uint64_t checkpoint = 4 * (2 * values + buffers) + epochs * (80 + 8 * arrays) + text;
  const std::uint64_t model = 4 * (values + buffers) + 100 * arrays + text;
  // A probability has eleven characters on average, and index, label and prediction nine.
  const auto predictions = static_cast<std::uint64_t>(data.test.size()) *
                           (9 + 12 * static_cast<std::uint64_t>(network.classes()));
  return 2 * checkpoint + model + predictions + epochs * (600 + 17 * arrays);
}

// Positions in a list of `count`, evenly spread.
std::vector<std::size_t> sample_of(std::size_t count, std::size_t most) {
  std::vector<std::size_t> positions;
  const std::size_t chosen = std::min(count, most);
  for (std::size_t i = 0; i < chosen; ++i) positions.push_back(i * count / chosen);
  return positions;
}

// When the last run ends if each job takes the next run as it becomes free.
double makespan(const std::vector<double>& seconds, int jobs) {
  std::vector<double> free_at(static_cast<std::size_t>(jobs), 0.0);
  for (const double each : seconds) *std::min_element(free_at.begin(), free_at.end()) += each;
  return *std::max_element(free_at.begin(), free_at.end());
}

}  // namespace

SweepEstimate estimate(const Experiment& experiment, const SweepPlan& plan,
                       const ExperimentResults& results, const std::vector<std::size_t>& left,
                       Datasets& datasets, const std::function<bool()>& is_stopped) {
  std::vector<std::string> arms;  // in the order of training
  std::map<std::string, const RunSettings*> settings_of;
  std::map<std::string, std::size_t> done_of;  // epochs, by the run's name
  for (const RunResult& run : results.runs) done_of[run.name] = run.epochs.size();
  for (const std::size_t run : left) {
    const RunSettings& settings = experiment.runs[run];
    if (settings_of.emplace(arm_of(settings), &settings).second) arms.push_back(arm_of(settings));
  }
  const DatasetPair& data =
      datasets.get(experiment.runs.front().data_name, experiment.runs.front().validation);
  const Dataset test = head_of(data.test, kLeastImages, 1);

  const std::vector<std::size_t> sample = sample_of(arms.size(), kMostMeasured);
  std::map<std::string, double> seconds_of;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  const auto serve = [&] {
    try {
      Workers workers(plan.threads);
      for (std::size_t at; !is_stopped() && (at = next.fetch_add(1)) < sample.size();) {
        const std::string& arm = arms[sample[at]];
        const std::optional<double> seconds = measure(*settings_of.at(arm), data, test, workers);
        const std::scoped_lock lock(mutex);
        if (seconds) seconds_of[arm] = *seconds;
      }
    } catch (...) {
      const std::scoped_lock lock(mutex);
      failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> jobs;
    for (int job = 0; job < plan.jobs; ++job) jobs.emplace_back(serve);
  }
  if (failure) std::rethrow_exception(failure);
  if (is_stopped()) throw Interrupted("stopped before the first run");

  SweepEstimate estimate;
  estimate.measured = static_cast<int>(seconds_of.size());
  double mean = 0;
  for (const auto& [arm, seconds] : seconds_of) mean += seconds / estimate.measured;
  estimate.epoch_seconds.assign(experiment.runs.size(), mean);
  std::vector<double> seconds;
  for (const std::size_t run : left) {
    const RunSettings& settings = experiment.runs[run];
    const auto found = seconds_of.find(arm_of(settings));
    if (found != seconds_of.end()) estimate.epoch_seconds[run] = found->second;
    const auto epochs = settings.recipe.epochs - static_cast<int>(done_of.at(settings.name));
    seconds.push_back(std::max(0, epochs) * estimate.epoch_seconds[run]);
    estimate.bytes += bytes_of(settings, data);
  }
  if (!seconds.empty()) estimate.seconds = makespan(seconds, plan.jobs);
  return estimate;
}

}  // namespace normlab
