#include "normlab/cli/collect.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/base/text.h"
#include "normlab/cli/data.h"
#include "normlab/cli/present.h"
#include "normlab/experiment/collection.h"
#include "normlab/experiment/datasets.h"
#include "normlab/experiment/run_directory.h"
#include "normlab/experiment/runner.h"

namespace normlab {
namespace {

struct CollectOptions {
  std::string folder;
  bool no_report = false;
};

void collect_results(const CollectOptions& options) {
  const RunDirectory directory = RunDirectory::open_to_collect(options.folder);
  const std::filesystem::path& folder = directory.path();
  LoadOptions loading;
  loading.fetching = fetch_aloud();
  Datasets datasets(loading);
  const Collection found = collect(folder, datasets);
  for (const std::string& remark : found.remarks) fmt::print(stderr, "{}\n", remark);
  write_file_atomically(folder / "environment.json", found.results.environment + "\n");
  write_all_results(folder, found.results);
  const RunSettings& first = found.experiment.runs.front();
  present(folder, found.results, first, datasets.get(first.data_name, first.validation).test,
          options.no_report);
  const std::string failed = failed_text(found.results);
  if (found.missing.empty()) {
    if (!failed.empty()) throw Error(failed);
    return;
  }
  if (!failed.empty()) fmt::print(stderr, "{}\n", failed);
  throw Error(fmt::format(
      "{}: {} of {} runs have not ended: {}\nThe others are collected; start "
      "the shards of these again",
      options.folder, found.missing.size(), found.experiment.runs.size(), list_of(found.missing)));
}

}  // namespace

void add_collect_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("collect", "Put together the results of shards, and say what is missing");
  const auto options = std::make_shared<CollectOptions>();
  command->add_option("DIR", options->folder, "Folder that the shards share (run --out)")
      ->required();
  command->add_flag("--no-report", options->no_report,
                    "Leave figures and page to be drawn later: normlab report DIR");
  command->footer(
      "Example:\n"
      "  normlab collect runs/mine\n"
      "Ends with 1 if runs are missing or have failed. Shards may be at work meanwhile.");
  command->callback([options] { collect_results(*options); });
}

}  // namespace normlab
