#include "normlab/experiment/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/data/load.h"
#include "normlab/experiment/environment.h"
#include "normlab/experiment/training_run.h"
#include "normlab/nn/network.h"

namespace normlab {
namespace {

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

// Settings that differ in nothing but name and seed fit, or do not, together.
std::string apart_from_seed(const RunSettings& settings) {
  RunSettings same = settings;
  same.name = same.arm = "";
  same.recipe.seed = 1;
  return format_experiment({"", {std::move(same)}});
}

}  // namespace

void complete(Experiment& experiment, const std::filesystem::path& folder, Datasets& datasets,
              Workers& workers) {
  std::map<std::string, std::string> models;  // by the settings that were found to fit
  for (RunSettings& settings : experiment.runs) {
    if (settings.data_name.find('/') != std::string::npos) {
      settings.data_name =
          std::filesystem::absolute(own_folder(settings.data_name)).lexically_normal();
    }
    const DatasetPair& data = datasets.get(settings.data_name, settings.validation);
    if (settings.recipe.mean.empty()) {
      const PixelScale& scale = datasets.scale(settings.data_name, settings.validation);
      settings.recipe.mean = scale.mean;
      settings.recipe.std = scale.std;
    }
    const std::string key = apart_from_seed(settings);
    auto model = models.find(key);
    if (model == models.end()) {
      try {
        Network network = build_network(settings, folder);
        const Trainer trainer(network, data.train, data.test, settings.recipe, workers,
                              data.held_out());
        model = models.emplace(key, network.model().text).first;
      } catch (const UsageError& error) {
        throw UsageError(fmt::format("run {}: {}", settings.name, error.what()));
      }
    }
    settings.model_text = model->second;
    settings.model_file.clear();
  }
}

ExperimentResults begin_results(const Experiment& experiment, const std::filesystem::path& folder,
                                const Datasets& datasets, int threads) {
  check_against_results(folder, experiment);
  ExperimentResults results;
  results.experiment = experiment.name;
  std::set<std::string> convolutions;
  for (const RunSettings& run : experiment.runs) convolutions.insert(to_string(run.convolution));
  results.environment = describe_environment(threads, convolutions, datasets.sums());
  return results;
}

void write_all_results(const std::filesystem::path& folder, const ExperimentResults& results) {
  write_results(folder / "results.json", results);
  write_results_csv(folder / "results.csv", results);
}

ExperimentResults run_experiment(const Experiment& experiment, const RunDirectory& directory,
                                 Datasets& datasets, Workers& workers, RunObserver& observer) {
  ExperimentResults results = begin_results(experiment, directory.path(), datasets, workers.size());
  std::deque<TrainingRun> runs;
  for (const RunSettings& settings : experiment.runs) {
    runs.emplace_back(settings, directory.path() / folder_of(settings.name),
                      datasets.get(settings.data_name, settings.validation), workers);
    runs.back().restore([&](const std::string& remark) { observer.remark(remark); });
    results.runs.push_back(runs.back().result());
  }
  write_file_atomically(directory.path() / "environment.json", results.environment + "\n");
  // Until a run is through, results.json says that it was interrupted: true whenever one looks.
  write_all_results(directory.path(), results);

  for (std::size_t i = 0; i < experiment.runs.size(); ++i) {
    const RunSettings& settings = experiment.runs[i];
    TrainingRun& run = runs[i];
    directory.run_folder(folder_of(settings.name));
    observer.run_begins(settings, run.result());
    run.train([&](const Progress& progress) { observer.batch_done(progress); },
              [&](const EpochRecord& record) {
                results.runs[i] = run.result();
                write_all_results(directory.path(), results);
                observer.epoch_done(record);
              });
    results.runs[i] = run.result();
    write_all_results(directory.path(), results);
    observer.run_ends(run.result());
  }
  return results;
}

}  // namespace normlab
