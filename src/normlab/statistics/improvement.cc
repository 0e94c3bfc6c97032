#include "normlab/statistics/improvement.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "normlab/statistics/distributions.h"
#include "normlab/statistics/values.h"

namespace normlab {
namespace {

double score(double a, double b) { return a > b ? 1 : (a == b ? 0.5 : 0); }

Interval wilson(double share, double n, double z) {
  const double weight = 1 / (1 + z * z / n);
  const double middle = weight * (share + z * z / (2 * n));
  const double reach = weight * z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

// Standard error of U / (n m) if the probability is `p`.
double newcombe_error(double p, double n, double m) {
  const double others = (n + m) / 2 - 1;
  return std::sqrt(p * (1 - p) * (1 + others * ((1 - p) / (2 - p) + p / (1 + p))) / (n * m));
}

// The probability between `share` and `limit` (0 or 1) from which `share` is z errors away.
double newcombe_end(double share, double limit, double n, double m, double z) {
  double inside = share;
  double outside = limit;
  for (int step = 0; step < 60; ++step) {
    const double p = (inside + outside) / 2;
    (std::abs(p - share) <= z * newcombe_error(p, n, m) ? inside : outside) = p;
  }
  return inside;
}

}  // namespace

Improvement paired_improvement(std::span<const double> a, std::span<const double> b,
                               double confidence) {
  require_pairs(a, b);
  double wins = 0;
  for (std::size_t i = 0; i < a.size(); ++i) wins += score(a[i], b[i]);
  const auto n = static_cast<double>(a.size());
  return {wins / n, wilson(wins / n, n, normal_quantile((1 + confidence) / 2))};
}

Improvement unpaired_improvement(std::span<const double> a, std::span<const double> b,
                                 double confidence) {
  require_values(a);
  require_values(b);
  double wins = 0;
  for (const double of_a : a) {
    for (const double of_b : b) wins += score(of_a, of_b);
  }
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const double share = wins / (n * m);
  const double z = normal_quantile((1 + confidence) / 2);
  return {share, {newcombe_end(share, 0, n, m, z), newcombe_end(share, 1, n, m, z)}};
}

}  // namespace normlab
