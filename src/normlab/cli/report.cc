#include "normlab/cli/report.h"

#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <string>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/cli/data.h"
#include "normlab/data/load.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"
#include "normlab/report/arms_table.h"
#include "normlab/report/repeated_arms.h"
#include "normlab/report/report.h"
#include "normlab/report/tables.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;

// The name, or the folder, under which the runs' data are loaded.
std::string data_of(const fs::path& folder) {
  const fs::path path = folder / "experiment.toml";
  const Experiment experiment = parse_experiment(read_text_file(path), path.native());
  const RunSettings& run = experiment.runs.front();
  return run.data_name;
}

void make_report(const fs::path& folder) {
  if (!fs::is_directory(folder) || !fs::exists(folder / "results.json")) {
    throw Error(fmt::format(
        "{}: {}. Give a folder that normlab run made, such as runs/latest", folder.native(),
        fs::is_directory(folder) ? "there are no results.json in it" : "no such folder"));
  }
  const ExperimentResults results = read_results(folder / "results.json");
  LoadOptions loading;
  loading.fetching = fetch_aloud();
  const Dataset test_set = load_dataset(data_of(folder), "test", loading);
  const fs::path summary = folder / "summary.txt";
  write_report(folder, test_set, fs::exists(summary) ? read_text_file(summary) : std::string());
  fmt::print("{}\n{}\n",
             has_repeated_arms(results) ? repeated_arms_text(results, compare_repeated_arms(folder))
                                        : results_text(results, test_set.size()),
             (folder / "report.html").native());
}

}  // namespace

void add_report_command(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("report", "Make figures and page of a run directory again");
  const auto folder = std::make_shared<std::string>();
  command->add_option("folder", *folder, "A folder that normlab run made")
      ->required()
      ->type_name("DIR");
  command->footer("Example:\n  normlab report runs/latest");
  command->callback([folder] { make_report(*folder); });
}

}  // namespace normlab
