#include "normlab/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"
#include "normlab/report/verdict.h"
#include "normlab/statistics/binomial.h"
#include "normlab/statistics/bootstrap.h"
#include "normlab/statistics/effect_size.h"
#include "normlab/statistics/holm.h"
#include "normlab/statistics/planning.h"

namespace normlab {
namespace {

std::optional<ScoreMeans> mean_scores(const Arm& arm) {
  ScoreMeans means;
  for (const ArmRun& run : arm.runs) {
    if (!run.scores) continue;
    ++means.runs;
    means.negative_log_likelihood += run.scores->negative_log_likelihood;
    means.brier += run.scores->brier;
    means.calibration_error += run.scores->calibration_error;
    means.class_accuracy.resize(run.scores->class_accuracy.size(), 0.0);
    for (std::size_t k = 0; k < means.class_accuracy.size(); ++k) {
      means.class_accuracy[k] += run.scores->class_accuracy[k];
    }
  }
  if (means.runs == 0) return std::nullopt;
  means.negative_log_likelihood /= means.runs;
  means.brier /= means.runs;
  means.calibration_error /= means.runs;
  for (double& accuracy : means.class_accuracy) accuracy /= means.runs;
  return means;
}

ArmStatistics statistics_of(const Arm& arm, int test_images, std::uint64_t seed) {
  const std::vector<double> values = arm.accuracies();
  ArmStatistics statistics;
  statistics.accuracy = summarize(values);
  statistics.bootstrap = bootstrap_interval(values, seed);
  if (test_images > 0) {
    statistics.floor = binomial_floor(statistics.accuracy.mean, test_images);
  }
  statistics.scores = mean_scores(arm);
  return statistics;
}

// The accuracies of the seeds that both have, in their order. Runs are sorted by seed.
std::pair<std::vector<double>, std::vector<double>> common_seeds(const Arm& a, const Arm& b) {
  std::vector<double> of_a;
  std::vector<double> of_b;
  for (auto i = a.runs.begin(), j = b.runs.begin(); i != a.runs.end() && j != b.runs.end();) {
    if (i->seed == j->seed) {
      of_a.push_back(i->accuracy);
      of_b.push_back(j->accuracy);
    }
    const std::uint64_t seed = std::min(i->seed, j->seed);
    if (i->seed == seed) ++i;
    if (j->seed == seed) ++j;
  }
  return {of_a, of_b};
}

PairStatistics compare(const Arm& a, const Arm& b, std::uint64_t seed) {
  PairStatistics pair;
  auto [of_a, of_b] = common_seeds(a, b);
  const std::size_t smaller = std::min(a.runs.size(), b.runs.size());
  pair.is_paired =
      2 * of_a.size() >= smaller &&
      (of_a.size() >= 2 || (of_a.size() == 1 && std::max(a.runs.size(), b.runs.size()) == 1));
  if (!pair.is_paired) {
    of_a = a.accuracies();
    of_b = b.accuracies();
  }
  pair.first_runs = static_cast<int>(of_a.size());
  pair.second_runs = static_cast<int>(of_b.size());
  if (pair.is_paired) {
    pair.difference = paired_difference(of_a, of_b);
    pair.permutation = paired_permutation_test(of_a, of_b, seed);
    pair.improvement = paired_improvement(of_a, of_b);
    pair.effect = cohens_dz(of_a, of_b);
  } else {
    pair.difference = unpaired_difference(of_a, of_b);
    pair.permutation = unpaired_permutation_test(of_a, of_b, seed);
    pair.improvement = unpaired_improvement(of_a, of_b);
    pair.effect = hedges_g(of_a, of_b);
  }
  pair.test = pair.is_paired ? PairTest::kSignFlips : PairTest::kLabels;
  pair.p_value = pair.permutation.p_value;
  const ArmRun& run_a = a.runs.front();
  const ArmRun& run_b = b.runs.front();
  if (a.runs.size() == 1 && b.runs.size() == 1 && run_a.scores && run_b.scores) {
    pair.mcnemar = mcnemar(run_a.right, run_b.right);
    pair.test = PairTest::kMcNemar;
    pair.p_value = pair.mcnemar->p_value;
  }
  return pair;
}

std::optional<int> seeds_needed(const PairStatistics& pair, std::size_t comparisons) {
  const double spread = pair.difference.standard_deviation.value_or(0);
  if (spread == 0) return std::nullopt;
  const double level = kSignificance / static_cast<double>(comparisons);
  const double effect = pair.difference.mean / spread;
  const std::optional<int> by_t =
      pair.is_paired ? pairs_needed(effect, level) : values_needed(effect, level);
  // With fewer no p-value is this small, however large the difference.
  const std::optional<int> by_test =
      pair.is_paired ? pairs_to_reach(level) : values_to_reach(level);
  return by_t && by_test ? std::optional(std::max(*by_t, *by_test)) : std::nullopt;
}

// Positions of the arms of each pair.
std::vector<std::pair<std::size_t, std::size_t>> pairs_of(const ArmSet& set,
                                                          const std::string& against) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  std::size_t fixed = set.arms.size();
  if (!against.empty()) {
    std::vector<std::string> names;
    for (const Arm& arm : set.arms) names.push_back(arm.name);
    fixed =
        static_cast<std::size_t>(std::find(names.begin(), names.end(), against) - names.begin());
    if (fixed == names.size()) {
      throw UsageError(fmt::format("--against {}: there is no arm of this name; the nearest is {}",
                                   against, nearest_name(against, names)));
    }
  }
  for (std::size_t i = 0; i < set.arms.size(); ++i) {
    for (std::size_t j = i + 1; j < set.arms.size(); ++j) {
      if (against.empty() || i == fixed || j == fixed) pairs.emplace_back(i, j);
    }
  }
  return pairs;
}

}  // namespace

std::string to_string(PairTest test) {
  switch (test) {
    case PairTest::kSignFlips:
      return "sign flips";
    case PairTest::kLabels:
      return "label permutation";
    case PairTest::kMcNemar:
      return "exact McNemar";
  }
  throw std::logic_error("not a test of a pair");
}

Comparison compare_arms(ArmSet arms, const ComparisonOptions& options) {
  Comparison comparison;
  for (const Arm& arm : arms.arms) {
    comparison.statistics.push_back(statistics_of(arm, arms.test_images, options.seed));
  }
  std::vector<double> p_values;
  for (auto [first, second] : pairs_of(arms, options.against)) {
    PairStatistics pair = compare(arms.arms[first], arms.arms[second], options.seed);
    if (pair.difference.mean < 0) {
      std::swap(first, second);
      pair = compare(arms.arms[first], arms.arms[second], options.seed);
    }
    pair.first = first;
    pair.second = second;
    p_values.push_back(pair.p_value);
    comparison.pairs.push_back(std::move(pair));
  }
  const std::vector<double> corrected = holm(p_values);
  comparison.arms = std::move(arms);
  for (std::size_t i = 0; i < corrected.size(); ++i) {
    PairStatistics& pair = comparison.pairs[i];
    pair.holm = corrected[i];
    pair.seeds_needed = seeds_needed(pair, corrected.size());
    pair.verdict = verdict(comparison, pair);
  }
  comparison.notes = comparison_notes(comparison);
  return comparison;
}

}  // namespace normlab
