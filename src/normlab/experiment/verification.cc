#include "normlab/experiment/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/experiment/environment.h"

namespace normlab {
namespace {

using Json = nlohmann::ordered_json;

void check_same_data(const Json& environment, const std::vector<DataSum>& sums,
                     const std::filesystem::path& folder) {
  for (const DataSum& sum : sums) {
    const Json data = environment.value("data_sha256", Json::object());
    if (!data.contains(sum.dataset)) continue;
    const std::string there = data[sum.dataset].value(sum.part, "");
    if (there.empty() || there == sum.sha256) continue;
    throw Error(
        fmt::format("{}: made from other data: the {} of {} had the SHA-256 {}, here they "
                    "have {}",
                    folder.string(), sum.part, sum.dataset, there, sum.sha256));
  }
}

// What was stopped may have been so between results.json and results.csv.
void compare_table(const RecordedExperiment& recorded, std::vector<std::string>& differences) {
  for (const RunResult& run : recorded.results.runs) {
    if (run.status == RunStatus::kInterrupted) return;
  }
  try {
    const std::string there = read_text_file(recorded.folder / "results.csv");
    const std::string here = results_csv(recorded.results);
    if (there == here) return;
    differences.push_back("results.csv is not the table of results.json: " +
                          first_line_that_differs(there, here));
  } catch (const Error& error) {
    differences.emplace_back(error.what());
  }
}

}  // namespace

bool Verification::is_same() const {
  return differences.empty() && std::all_of(runs.begin(), runs.end(), [](const RunVerdict& run) {
           return run.differences.empty();
         });
}

RecordedExperiment read_recorded(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "experiment.toml";
  RecordedExperiment recorded;
  recorded.folder = folder;
  recorded.experiment = parse_experiment(read_text_file(file), file.string());
  recorded.results = read_results(folder / "results.json");
  return recorded;
}

Experiment part_to_repeat(const RecordedExperiment& recorded) {
  Experiment part = recorded.experiment;
  for (RunSettings& settings : part.runs) {
    for (const RunResult& run : recorded.results.runs) {
      if (run.name == settings.name) {
        settings.recipe.epochs = epochs_to_repeat(run);
      }
    }
  }
  return part;
}

Verification verify_experiment(RecordedExperiment recorded, Datasets& datasets, Workers& workers,
                               RunObserver& observer,
                               const std::function<void(const RunVerdict&)>& verdict) {
  complete(recorded.experiment, recorded.folder, datasets, workers);
  const Json there = Json::parse(recorded.results.environment);
  check_same_data(there, datasets.sums(), recorded.folder);

  Verification verification;
  verification.environment = environment_differences(recorded.results.environment);
  std::vector<std::string>& differences = verification.differences;
  if (recorded.results.experiment != recorded.experiment.name) {
    differences.push_back(fmt::format("results.json is of the experiment {}, experiment.toml of {}",
                                      recorded.results.experiment, recorded.experiment.name));
  }
  compare_table(recorded, differences);
  for (const RunResult& run : recorded.results.runs) {
    const auto& settings = recorded.experiment.runs;
    if (std::none_of(settings.begin(), settings.end(),
                     [&](const RunSettings& each) { return each.name == run.name; })) {
      differences.push_back(
          fmt::format("results.json has a run {} that experiment.toml does not have", run.name));
    }
  }
  for (const RunSettings& settings : recorded.experiment.runs) {
    const auto& runs = recorded.results.runs;
    const auto found = std::find_if(runs.begin(), runs.end(), [&](const RunResult& each) {
      return each.name == settings.name;
    });
    if (found == runs.end()) {
      differences.push_back(fmt::format(
          "experiment.toml has a run {} that results.json does not have", settings.name));
      continue;
    }
    verification.runs.push_back(verify_run(settings, *found, recorded.folder / found->folder,
                                           datasets.get(settings.data_name, settings.validation),
                                           workers, observer));
    verdict(verification.runs.back());
  }
  return verification;
}

}  // namespace normlab
