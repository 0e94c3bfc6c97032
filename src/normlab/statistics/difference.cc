#include "normlab/statistics/difference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/distributions.h"
#include "normlab/statistics/values.h"

namespace normlab {

Difference paired_difference(std::span<const double> a, std::span<const double> b,
                             double confidence) {
  require_pairs(a, b);
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  Difference difference;
  difference.mean = mean(differences);
  difference.standard_deviation = standard_deviation(differences);
  difference.degrees = static_cast<double>(a.size() - 1);
  if (difference.standard_deviation) {
    // The differences may be much smaller than the numbers that were rounded.
    difference.standard_deviation =
        beyond_rounding(*difference.standard_deviation, std::max(largest_size(a), largest_size(b)));
    difference.interval =
        t_interval(difference.mean, *difference.standard_deviation, a.size(), confidence);
  }
  return difference;
}

Difference unpaired_difference(std::span<const double> a, std::span<const double> b,
                               double confidence) {
  Difference difference;
  difference.mean = mean(a) - mean(b);
  const std::optional<double> spread_a = standard_deviation(a);
  const std::optional<double> spread_b = standard_deviation(b);
  if (!spread_a || !spread_b) return difference;
  difference.standard_deviation = std::sqrt((*spread_a * *spread_a + *spread_b * *spread_b) / 2);
  const auto n_a = static_cast<double>(a.size());
  const auto n_b = static_cast<double>(b.size());
  const double error_a = *spread_a * *spread_a / n_a;
  const double error_b = *spread_b * *spread_b / n_b;
  const double error = error_a + error_b;
  // Of two samples without any spread every number of degrees gives the same, empty interval.
  difference.degrees =
      error == 0 ? n_a + n_b - 2
                 : error * error / (error_a * error_a / (n_a - 1) + error_b * error_b / (n_b - 1));
  const double reach = t_quantile((1 + confidence) / 2, difference.degrees) * std::sqrt(error);
  difference.interval = Interval{difference.mean - reach, difference.mean + reach};
  return difference;
}

}  // namespace normlab
