#include "normlab/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "normlab/base/random.h"
#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/distributions.h"
#include "normlab/statistics/values.h"

namespace normlab {
namespace {

// Skewness of the jackknife's means, over six.
double acceleration(std::span<const double> values) {
  // Leaving out x moves the mean by -(x - mean) / (n - 1): the factor falls out of the quotient.
  const double middle = mean(values);
  double squares = 0;
  double cubes = 0;
  for (const double value : values) {
    const double offset = value - middle;
    squares += offset * offset;
    cubes += offset * offset * offset;
  }
  return squares == 0 ? 0 : cubes / (6 * std::pow(squares, 1.5));
}

double quantile(std::span<const double> ascending, double share) {
  const double position = share * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double rest = position - static_cast<double>(below);
  return ascending[below] + rest * (ascending[above] - ascending[below]);
}

}  // namespace

std::vector<double> bootstrap_means(std::span<const double> values, std::uint64_t seed,
                                    int resamples) {
  require_values(values);
  const auto n = static_cast<std::uint32_t>(values.size());
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(resamples));
  for (int i = 0; i < resamples; ++i) {
    RandomStream random(seed, Purpose::kBootstrap, 0, static_cast<std::uint32_t>(i));
    double offsets = 0;
    for (std::uint32_t k = 0; k < n; ++k) offsets += values[random.below(n)] - values.front();
    means.push_back(values.front() + offsets / n);
  }
  std::sort(means.begin(), means.end());
  return means;
}

Interval bca_interval(std::span<const double> values, std::span<const double> resampled_means,
                      double confidence) {
  require_values(values);
  require_values(resampled_means);
  const double middle = mean(values);
  // Means that differ from it by rounding alone count half to each side.
  const double rounding = 1e-12 * std::max(std::abs(values.front()), std::abs(middle));
  const auto first =
      std::lower_bound(resampled_means.begin(), resampled_means.end(), middle - rounding);
  const auto last =
      std::upper_bound(resampled_means.begin(), resampled_means.end(), middle + rounding);
  const double below = static_cast<double>(first - resampled_means.begin()) +
                       0.5 * static_cast<double>(last - first);
  const double share = below / static_cast<double>(resampled_means.size());
  if (share <= 0 || share >= 1) return {resampled_means.front(), resampled_means.back()};
  const double bias = normal_quantile(share);
  const double skew = acceleration(values);
  const auto end = [&](double tail) {
    const double z = bias + normal_quantile(tail);
    return quantile(resampled_means, normal_cdf(bias + z / (1 - skew * z)));
  };
  return {end((1 - confidence) / 2), end((1 + confidence) / 2)};
}

std::optional<Interval> bootstrap_interval(std::span<const double> values, std::uint64_t seed,
                                           double confidence) {
  require_values(values);
  if (values.size() == 1) return std::nullopt;
  return bca_interval(values, bootstrap_means(values, seed), confidence);
}

}  // namespace normlab
