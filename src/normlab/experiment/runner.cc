#include "normlab/experiment/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/experiment/digests_csv.h"
#include "normlab/experiment/outcome.h"
#include "normlab/experiment/predictions.h"
#include "normlab/nn/network.h"
#include "normlab/train/checkpoint.h"
#include "normlab/train/digests.h"

namespace normlab {
namespace {

constexpr auto kModelFile = "model.safetensors";
constexpr auto kPredictionsFile = "predictions.csv";

// Everything that a run depends on, to be compared when it is gone on with.
std::string settings_text(const RunSettings& settings, const DatasetPair& data) {
  std::string text = format_experiment({settings.name, {settings}});
  for (const Dataset* split : {&data.train, &data.test}) {
    text += fmt::format("# {}: images {}, labels {}\n", split->split, split->images_sha256,
                        split->labels_sha256);
  }
  return text;
}

// One run, from its first epoch or its checkpoint to its files.
class Run {
 public:
  Run(const RunSettings& settings, std::filesystem::path folder, const DatasetPair& data,
      Workers& workers)
      : settings_(settings),
        folder_(std::move(folder)),
        data_(data),
        workers_(workers),
        network_(build_network(settings)) {
    network_.initialise(settings.recipe.seed);
  }

  int parameters() const { return static_cast<int>(network_.parameter_values().size()); }

  // Takes up the newest whole checkpoint, if there is one; gives the history until then.
  History restore(RunObserver& observer) {
    FoundCheckpoint found = find_checkpoint(folder_);
    if (!found.remark.empty()) observer.remark(found.remark);
    if (!found.checkpoint) return {};
    if (found.checkpoint->settings != settings_text(settings_, data_)) {
      throw Error(
          fmt::format("{}: its checkpoint was made with other settings or data than those of this "
                      "experiment; delete that folder to train the run from its start",
                      folder_.string()));
    }
    state_ = std::move(found.checkpoint->state);
    return std::move(found.checkpoint->history);
  }

  bool is_finished() const {
    return state_.epochs_done >= settings_.recipe.epochs &&
           std::filesystem::exists(folder_ / kModelFile) &&
           std::filesystem::exists(folder_ / kPredictionsFile);
  }

  template <class EpochDone>
  void train(RunObserver& observer, EpochDone epoch_done) {
    Trainer trainer(network_, data_.train, data_.test, settings_.recipe, workers_);
    if (state_.epochs_done > 0) trainer.restore(state_);
    const auto progress = [&](const Progress& now) {
      observer.batch_done(now);
      return true;
    };
    while (trainer.epochs_done() < settings_.recipe.epochs) {
      const EpochRecord record = trainer.run_epoch(progress);
      epoch_done(record, trainer.state());
    }
  }

  void save_checkpoint(TrainingState state, const History& history) const {
    write_checkpoint(folder_, {settings_text(settings_, data_), std::move(state), history});
    save_history(history);
  }

  void save_history(const History& history) const {
    write_history_csv(folder_ / "history.csv", history);
    write_digests(folder_ / "digests.csv", array_names(network_), history);
  }

  void save_outcome(const History& history) const {
    // Once more: a run that was stopped between its last checkpoint and its history comes here at
    // once.
    save_history(history);
    const RunOutcome outcome = outcome_of(network_, settings_, data_, workers_);
    write_safetensors(folder_ / kModelFile, outcome.model);
    write_predictions(folder_ / kPredictionsFile, outcome.predictions);
  }

 private:
  const RunSettings& settings_;
  std::filesystem::path folder_;
  const DatasetPair& data_;
  Workers& workers_;
  Network network_;
  TrainingState state_;
};

// A folder whose results tell of runs that its experiment does not know is not gone on with: they
// would be lost.
void check_against_results(const std::filesystem::path& folder, const Experiment& experiment) {
  const std::filesystem::path file = folder / "results.json";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return;
  ExperimentResults before;
  try {
    before = read_results(file);
  } catch (const Error&) {
    return;  // damaged; the checkpoints hold all of it
  }
  for (const RunResult& run : before.runs) {
    const auto is_this = [&](const RunSettings& settings) { return settings.name == run.name; };
    if (std::ranges::any_of(experiment.runs, is_this)) continue;
    throw Error(
        fmt::format("{}: results.json has a run {} that experiment.toml does not know; one of them "
                    "is damaged or was changed",
                    folder.string(), run.name));
  }
}

void write_all_results(const std::filesystem::path& folder, const ExperimentResults& results) {
  write_results(folder / "results.json", results);
  write_results_csv(folder / "results.csv", results);
}

}  // namespace

RunResult describe(const RunSettings& settings) {
  RunResult result;
  result.name = settings.name;
  result.arm = settings.arm.empty() ? settings.name : settings.arm;
  result.norm = settings.norm;
  result.l1 = settings.recipe.l1;
  result.seed = settings.recipe.seed;
  result.folder = settings.name;
  result.parameters = static_cast<int>(build_network(settings).parameter_values().size());
  return result;
}

void complete(Experiment& experiment, const std::filesystem::path& folder, Datasets& datasets,
              Workers& workers) {
  for (RunSettings& settings : experiment.runs) {
    if (settings.data_name.find('/') != std::string::npos) {
      settings.data_name = std::filesystem::absolute(settings.data_name).lexically_normal();
    }
    const DatasetPair& data = datasets.get(settings.data_name);
    if (settings.recipe.mean.empty()) {
      PixelScale scale = measure_scale(data.train);
      settings.recipe.mean = std::move(scale.mean);
      settings.recipe.std = std::move(scale.std);
    }
    try {
      Network network = build_network(settings, folder);
      const Trainer trainer(network, data.train, data.test, settings.recipe, workers);
      settings.model_text = network.model().text;
      settings.model_file.clear();
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("run {}: {}", settings.name, error.what()));
    }
  }
}

ExperimentResults run_experiment(const Experiment& experiment, const RunDirectory& directory,
                                 Datasets& datasets, Workers& workers, RunObserver& observer) {
  ExperimentResults results;
  results.experiment = experiment.name;
  std::set<std::string> convolutions;
  for (const RunSettings& run : experiment.runs) convolutions.insert(to_string(run.convolution));
  results.environment = describe_environment(workers.size(), convolutions, datasets.sums());
  check_against_results(directory.path(), experiment);
  std::deque<Run> runs;
  for (const RunSettings& settings : experiment.runs) {
    runs.emplace_back(settings, directory.path() / settings.name, datasets.get(settings.data_name),
                      workers);
    results.runs.push_back(describe(settings));
    results.runs.back().epochs = runs.back().restore(observer);
    if (runs.back().is_finished()) results.runs.back().status = RunStatus::kFinished;
  }
  write_file_atomically(directory.path() / "environment.json", results.environment + "\n");
  // Until a run is through, results.json says that it was interrupted: true whenever one looks.
  write_all_results(directory.path(), results);

  for (std::size_t i = 0; i < experiment.runs.size(); ++i) {
    const RunSettings& settings = experiment.runs[i];
    RunResult& result = results.runs[i];
    Run& run = runs[i];
    directory.run_folder(settings.name);
    observer.run_begins(settings, run.parameters(), static_cast<int>(result.epochs.size()));
    try {
      if (!run.is_finished()) {
        run.train(observer, [&](const EpochRecord& record, TrainingState state) {
          result.epochs.push_back(record);
          run.save_checkpoint(std::move(state), result.epochs);
          write_all_results(directory.path(), results);
          observer.epoch_done(record);
        });
        run.save_outcome(result.epochs);
      }
      result.status = RunStatus::kFinished;
    } catch (const DivergedError& error) {
      result.status = RunStatus::kFailed;
      result.message = error.what();
    }
    write_all_results(directory.path(), results);
    observer.run_ends(result);
  }
  return results;
}

}  // namespace normlab
