// How many seeds a comparison takes.
#pragma once

#include <optional>

#include "normlab/statistics/interval.h"

namespace normlab {

inline constexpr double kPower = 0.8;

// Probability that a two-sided t test at this level finds a difference of `effect` standard
// deviations with n pairs (n >= 2; `effect` is then d_z), by the noncentral t distribution.
double paired_power(double effect, int n, double significance = kSignificance);

// The same for two samples of n each; `effect` is in units of their common standard deviation.
double unpaired_power(double effect, int n, double significance = kSignificance);

// The least number of pairs, or of values in each sample, with which the power is at least `power`.
// Nothing if it is more than a million.
std::optional<int> pairs_needed(double effect, double significance = kSignificance,
                                double power = kPower);
std::optional<int> values_needed(double effect, double significance = kSignificance,
                                 double power = kPower);

// Number of runs of each of two arms with which a one-sided Mann-Whitney test finds that A beats B
// with probability `improvement` (above 0.5): ((z_significance + z_power) / (improvement - 0.5))^2
// / 6 (Noether, "Sample size determination for some common nonparametric tests", JASA 82, 1987).
// 29 for 0.75, at 5 % and with power 0.95: the runs that Bouthillier et al. (MLSys 2021, appendix
// C) recommend.
int runs_for_improvement(double improvement, double significance, double power);

}  // namespace normlab
