#include "normlab/cli/present.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/base/text.h"
#include "normlab/cli/interruption.h"
#include "normlab/nn/summary.h"
#include "normlab/report/arms_table.h"
#include "normlab/report/repeated_arms.h"
#include "normlab/report/report.h"
#include "normlab/report/tables.h"

namespace normlab {
namespace {

void draw(const std::filesystem::path& folder, const Dataset& test_set, const std::string& layers) {
  const auto later = [&](const char* what) {
    return fmt::format("{}; all results are kept.\nDraw with: normlab report {}", what,
                       folder.string());
  };
  try {
    write_report(folder, test_set, layers);
  } catch (const Error& error) {
    // Ctrl-C goes to gnuplot, too.
    if (was_interrupted()) throw Interrupted(later("stopped while figures were drawn"));
    throw Error(later(error.what()));
  }
}

}  // namespace

void present(const std::filesystem::path& folder, const ExperimentResults& results,
             const RunSettings& first, const Dataset& test_set, bool no_report) {
  const std::optional<Comparison> comparison = add_statistics(folder);
  fmt::print("{}\n", has_repeated_arms(results) ? repeated_arms_text(results, comparison)
                                                : results_text(results, test_set.size()));
  std::fflush(stdout);
  const std::string layers = summary(build_network(first));
  write_file_atomically(folder / "summary.txt", layers);
  if (!no_report) draw(folder, test_set, layers);
  fmt::print("{}\n", (no_report ? folder : folder / "report.html").string());
  std::fflush(stdout);
}

std::string failed_text(const ExperimentResults& results) {
  std::vector<std::string> failed;
  for (const RunResult& run : results.runs) {
    if (run.status == RunStatus::kFailed) failed.push_back(run.name);
  }
  if (failed.empty()) return "";
  return fmt::format("{} of {} runs failed: {}", failed.size(), results.runs.size(),
                     list_of(failed));
}

}  // namespace normlab
