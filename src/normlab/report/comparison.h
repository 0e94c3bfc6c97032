// Which arm is better, and whether that is more than chance. docs/statistics.md has the formulas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "normlab/report/arms.h"
#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/difference.h"
#include "normlab/statistics/improvement.h"
#include "normlab/statistics/interval.h"
#include "normlab/statistics/mcnemar.h"
#include "normlab/statistics/permutation.h"

namespace normlab {

// With fewer, the numbers are given and nothing is said to follow from them.
inline constexpr int kFewestSeeds = 5;

struct ComparisonOptions {
  std::uint64_t seed = 1;  // of resamples and of permutations that are drawn
  std::string against;     // name of the arm to compare each other with; empty: each with each
};

// Means over the runs that have predictions.
struct ScoreMeans {
  int runs = 0;
  double negative_log_likelihood = 0;
  double brier = 0;
  double calibration_error = 0;        // percentage points
  std::vector<double> class_accuracy;  // percent; NaN for a class without images
};

struct ArmStatistics {
  Summary accuracy;                   // percent
  std::optional<Interval> bootstrap;  // of the mean, BCa
  std::optional<double> floor;        // binomial, at the mean; nothing if the test set is unknown
  std::optional<ScoreMeans> scores;
};

enum class PairTest { kSignFlips, kLabels, kMcNemar };

// "sign flips", "label permutation", "exact McNemar".
std::string to_string(PairTest test);

struct PairStatistics {
  std::size_t first = 0;  // position of the arm that is ahead in what is compared
  std::size_t second = 0;
  // Compared seed by seed, over those that both have; else as two samples. Pairs are made where
  // both have at least half of the seeds of the smaller arm, and no fewer than two; or one, if one
  // is all that either has.
  bool is_paired = false;
  int first_runs = 0;  // that are compared; of pairs, their number
  int second_runs = 0;
  Difference difference;  // percentage points
  PermutationTest permutation;
  std::optional<McNemar> mcnemar;  // of two single runs with predictions
  PairTest test = PairTest::kSignFlips;
  double p_value = 1;  // of `test`
  double holm = 1;     // corrected for all pairs
  Improvement improvement;
  std::optional<double> effect;  // d_z of pairs, else g
  // Pairs, or runs of each arm, with which a difference as large as this one, in a spread as large
  // as this one, is found with probability 0.8 at 5 % divided by the number of comparisons (the
  // level that Holm asks of the first). Nothing if no number would, or the spread is not known.
  std::optional<int> seeds_needed;
  std::string verdict;  // a sentence without its full stop
};

struct Comparison {
  ArmSet arms;
  std::vector<ArmStatistics> statistics;  // per arm
  std::vector<PairStatistics> pairs;
  std::vector<std::string> notes;  // sentences on what the numbers cannot show
};

// Throws UsageError if there is no arm called `against`, naming the nearest.
Comparison compare_arms(ArmSet arms, const ComparisonOptions& options = {});

}  // namespace normlab
