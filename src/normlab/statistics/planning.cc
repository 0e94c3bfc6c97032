#include "normlab/statistics/planning.h"

#include <cmath>

#include "normlab/statistics/distributions.h"

namespace normlab {
namespace {

constexpr int kMost = 1'000'000;
// From here on the t distribution is the normal one to four digits, and the sums behind the
// noncentral one grow long.
constexpr int kMany = 5000;

double power_of(double degrees, double shift, double significance) {
  const double limit = t_quantile(1 - significance / 2, degrees);
  if (degrees > kMany) return normal_cdf(shift - limit) + normal_cdf(-shift - limit);
  return noncentral_t_beyond(limit, degrees, shift);
}

// The least n from 2 for which `reaches(n)`, which is false up to there and true from there on.
template <class Reaches>
std::optional<int> least(const Reaches& reaches) {
  int low = 1;  // not enough
  int high = 2;
  while (!reaches(high)) {
    if (high >= kMost) return std::nullopt;
    low = high;
    high = 2 * high < kMost ? 2 * high : kMost;
  }
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (reaches(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

double paired_power(double effect, int n, double significance) {
  return power_of(n - 1, std::abs(effect) * std::sqrt(n), significance);
}

double unpaired_power(double effect, int n, double significance) {
  return power_of(2.0 * n - 2, std::abs(effect) * std::sqrt(n / 2.0), significance);
}

std::optional<int> pairs_needed(double effect, double significance, double power) {
  return least([&](int n) { return paired_power(effect, n, significance) >= power; });
}

std::optional<int> values_needed(double effect, double significance, double power) {
  return least([&](int n) { return unpaired_power(effect, n, significance) >= power; });
}

int runs_for_improvement(double improvement, double significance, double power) {
  const double z = normal_quantile(1 - significance) + normal_quantile(power);
  const double distance = improvement - 0.5;
  return static_cast<int>(std::ceil(z * z / (6 * distance * distance)));
}

}  // namespace normlab
