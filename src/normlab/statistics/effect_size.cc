#include "normlab/statistics/effect_size.h"

#include <cmath>

#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/difference.h"

namespace normlab {

std::optional<double> cohens_dz(std::span<const double> a, std::span<const double> b) {
  const Difference difference = paired_difference(a, b);
  if (!difference.standard_deviation || *difference.standard_deviation == 0) return std::nullopt;
  return difference.mean / *difference.standard_deviation;
}

std::optional<double> hedges_g(std::span<const double> a, std::span<const double> b) {
  const double spread_a = standard_deviation(a).value_or(0);
  const double spread_b = standard_deviation(b).value_or(0);
  const auto n_a = static_cast<double>(a.size());
  const auto n_b = static_cast<double>(b.size());
  const double degrees = n_a + n_b - 2;
  if (degrees < 2) return std::nullopt;
  const double pooled =
      std::sqrt(((n_a - 1) * spread_a * spread_a + (n_b - 1) * spread_b * spread_b) / degrees);
  if (pooled == 0) return std::nullopt;
  const double correction =
      std::exp(std::lgamma(degrees / 2) - std::lgamma((degrees - 1) / 2)) / std::sqrt(degrees / 2);
  return correction * (mean(a) - mean(b)) / pooled;
}

}  // namespace normlab
