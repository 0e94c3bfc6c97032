#include "normlab/report/comparison_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "normlab/report/labels.h"
#include "normlab/report/text.h"
#include "normlab/report/verdict.h"

namespace normlab {
namespace {

constexpr std::size_t kLongestName = 28;

const std::string kNothing = "–";

std::string interval_text(const std::optional<Interval>& interval) {
  return interval ? fmt::format("{:.2f} to {:.2f}", interval->low, interval->high) : kNothing;
}

template <class Number>
std::string or_nothing(const std::optional<Number>& number, const char* format) {
  return number ? fmt::format(fmt::runtime(format), *number) : kNothing;
}

// "8: 97.33 %", the class with the lowest mean accuracy.
std::string worst_class(const std::vector<double>& accuracy) {
  std::size_t worst = accuracy.size();
  for (std::size_t k = 0; k < accuracy.size(); ++k) {
    if (!std::isfinite(accuracy[k])) continue;
    if (worst == accuracy.size() || accuracy[k] < accuracy[worst]) worst = k;
  }
  return worst == accuracy.size() ? kNothing : fmt::format("{}: {:.2f} %", worst, accuracy[worst]);
}

std::string difference_text(const Difference& difference) {
  const auto reach = difference.reach();
  return reach ? fmt::format("{} ± {}", points(difference.mean), points(*reach))
               : points(difference.mean);
}

std::string runs_text(const PairStatistics& pair) {
  return pair.is_paired
             ? fmt::format("{} {}", pair.first_runs, pair.first_runs == 1 ? "pair" : "pairs")
             : fmt::format("{} / {}", pair.first_runs, pair.second_runs);
}

}  // namespace

Table arm_table(const Comparison& comparison) {
  Table table;
  const std::vector<std::string> names = arm_labels(comparison, kLongestName);
  table.head = {"Arm", "Seeds", "Mean", "SD", "95 % of mean", "BCa", "Median", "IQM", "Floor"};
  table.is_number = {false, true, true, true, true, true, true, true, true};
  for (std::size_t i = 0; i < comparison.statistics.size(); ++i) {
    const ArmStatistics& arm = comparison.statistics[i];
    table.rows.push_back(
        {names[i], fmt::format("{}", arm.accuracy.n), fmt::format("{:.3f}", arm.accuracy.mean),
         or_nothing(arm.accuracy.standard_deviation, "{:.3f}"),
         interval_text(arm.accuracy.interval), interval_text(arm.bootstrap),
         fmt::format("{:.2f}", arm.accuracy.median),
         fmt::format("{:.3f}", arm.accuracy.interquartile_mean), or_nothing(arm.floor, "{:.3f}")});
  }
  return table;
}

Table score_table(const Comparison& comparison) {
  Table table;
  const std::vector<std::string> names = arm_labels(comparison, kLongestName);
  table.head = {"Arm", "Runs", "NLL", "Brier", "ECE", "Worst class"};
  table.is_number = {false, true, true, true, true, true};
  for (std::size_t i = 0; i < comparison.statistics.size(); ++i) {
    const auto& scores = comparison.statistics[i].scores;
    if (!scores) continue;
    table.rows.push_back({names[i], fmt::format("{}", scores->runs),
                          format_loss(scores->negative_log_likelihood), format_loss(scores->brier),
                          fmt::format("{:.2f} %", scores->calibration_error),
                          worst_class(scores->class_accuracy)});
  }
  return table;
}

Table pair_table(const Comparison& comparison) {
  Table table;
  const std::vector<std::string> names = arm_labels(comparison, kLongestName);
  table.head = {"Pair", "Seeds", "Difference", "p", "Holm p", "P(A>B)", "95 %", "Effect", "Needed"};
  table.is_number = {false, true, true, true, true, true, true, true, true};
  for (const PairStatistics& pair : comparison.pairs) {
    const Interval& interval = pair.improvement.interval;
    const bool is_repeated = std::max(pair.first_runs, pair.second_runs) > 1;
    const std::string effect = pair.is_paired ? "d_z {:.2f}" : "g {:.2f}";
    table.rows.push_back(
        {fmt::format("{} > {}", names[pair.first], names[pair.second]), runs_text(pair),
         difference_text(pair.difference), probability_text(pair.p_value),
         probability_text(pair.holm),
         is_repeated ? fmt::format("{:.2f}", pair.improvement.probability) : kNothing,
         is_repeated ? fmt::format("{:.2f} to {:.2f}", interval.low, interval.high) : kNothing,
         or_nothing(pair.effect, effect.c_str()), or_nothing(pair.seeds_needed, "{}")});
  }
  return table;
}

std::string verdict_lines(const Comparison& comparison) {
  std::string text;
  for (const PairStatistics& pair : comparison.pairs) text += pair.verdict + ".\n";
  return text;
}

std::string left_out_lines(const Comparison& comparison) {
  // A sweep that was stopped leaves out dozens for one reason: three are named.
  constexpr std::size_t kMostNamed = 3;
  std::vector<std::string> reasons;
  std::map<std::string, std::vector<std::string>> left_for;
  for (const LeftOut& left : comparison.arms.left_out) {
    auto& those = left_for[left.reason];
    if (those.empty()) reasons.push_back(left.reason);
    those.push_back(left.what);
  }
  std::string text;
  for (const std::string& reason : reasons) {
    const std::vector<std::string>& those = left_for[reason];
    // One more would take as much room as to say that there is one.
    const std::size_t named = those.size() <= kMostNamed + 1 ? those.size() : kMostNamed;
    for (std::size_t i = 0; i < named; ++i) text += fmt::format("{}: {}\n", those[i], reason);
    if (named < those.size()) {
      text += fmt::format("and {} more: {}\n", those.size() - named, reason);
    }
  }
  return text;
}

std::string comparison_text(const Comparison& comparison) {
  std::string text = "Test accuracy of the last epoch, percent\n\n";
  text += to_plain_text(arm_table(comparison));
  const Table scores = score_table(comparison);
  if (!scores.rows.empty()) {
    text += "\nProbabilities of the last epoch, means over runs\n\n" + to_plain_text(scores);
  }
  const Table pairs = pair_table(comparison);
  if (!pairs.rows.empty()) {
    text += "\nDifferences in percentage points\n\n" + to_plain_text(pairs);
    text += '\n' + verdict_lines(comparison);
  }
  if (!comparison.notes.empty()) text += '\n';
  for (const std::string& note : comparison.notes) text += note + '\n';
  const std::string left_out = left_out_lines(comparison);
  if (!left_out.empty()) text += "\nLeft out:\n" + left_out;
  return text;
}

}  // namespace normlab
