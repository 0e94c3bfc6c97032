// Differences in units of the spread.
#pragma once

#include <optional>
#include <span>

namespace normlab {

// Cohen's d_z of pairs: the mean difference over the standard deviation of the differences (Cohen,
// "Statistical power analysis for the behavioral sciences", 1988, section 2.3.5). Nothing for n = 1
// or where all differences are equal.
std::optional<double> cohens_dz(std::span<const double> a, std::span<const double> b);

// Hedges' g of two samples: the difference of the means over the pooled standard deviation, times
// the exact correction for small samples, J = Gamma(f / 2) / (sqrt(f / 2) Gamma((f - 1) / 2)) with
// f = n + m - 2 (Hedges, "Distribution theory for Glass's estimator of effect size and related
// estimators", 1981). Nothing where n + m < 4 or neither has any spread.
std::optional<double> hedges_g(std::span<const double> a, std::span<const double> b);

}  // namespace normlab
