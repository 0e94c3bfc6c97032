#include "normlab/report/repeated_arms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/experiment/results.h"
#include "normlab/report/arms_table.h"
#include "normlab/report/comparison_json.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;

bool has_arm_that_finished_twice(const ExperimentResults& results) {
  std::map<std::string, int> finished;
  for (const RunResult& run : results.runs) {
    if (run.status == RunStatus::kFinished && ++finished[run.arm] == 2) return true;
  }
  return false;
}

// A results file does not say where its folder lies.
void make_relative(ArmSet& set, const fs::path& folder) {
  for (Arm& arm : set.arms) {
    for (ArmRun& run : arm.runs) run.folder = run.folder.lexically_relative(folder);
  }
  for (LeftOut& left : set.left_out) {
    left.what = fs::path(left.what).lexically_relative(folder).native();
  }
}

}  // namespace

std::optional<Comparison> compare_repeated_arms(const fs::path& folder) {
  if (!has_arm_that_finished_twice(read_results(folder / "results.json"))) return std::nullopt;
  ArmSet set;
  try {
    set = gather_arms({folder});
  } catch (const DifferentData&) {
    return std::nullopt;
  }
  make_relative(set, folder.has_filename() ? folder : folder.parent_path());
  return compare_arms(std::move(set));
}

std::optional<Comparison> add_statistics(const fs::path& folder) {
  std::optional<Comparison> comparison = compare_repeated_arms(folder);
  if (!comparison) return comparison;
  ExperimentResults results = read_results(folder / "results.json");
  results.statistics = comparison_json(*comparison, {});
  write_results(folder / "results.json", results);
  return comparison;
}

std::string repeated_arms_text(const ExperimentResults& results,
                               const std::optional<Comparison>& comparison) {
  std::string text = to_plain_text(arms_table(results));
  if (!comparison || comparison->pairs.empty()) return text;
  constexpr std::size_t kMostVerdicts = 10;
  std::vector<const PairStatistics*> pairs;
  for (const PairStatistics& pair : comparison->pairs) pairs.push_back(&pair);
  std::stable_sort(
      pairs.begin(), pairs.end(),
      [](const PairStatistics* a, const PairStatistics* b) { return a->p_value < b->p_value; });
  text += '\n';
  for (std::size_t i = 0; i < std::min(pairs.size(), kMostVerdicts); ++i) {
    text += pairs[i]->verdict + '\n';
  }
  if (pairs.size() > kMostVerdicts) {
    text += fmt::format("And {} more pairs: normlab compare\n", pairs.size() - kMostVerdicts);
  }
  return text;
}

}  // namespace normlab
