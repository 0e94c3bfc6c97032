#include "normlab/statistics/values.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace normlab {

void require_values(std::span<const double> values, std::size_t least) {
  if (values.size() < least) {
    throw std::invalid_argument(
        fmt::format("at least {} values are needed, not {}", least, values.size()));
  }
  for (const double value : values) {
    if (!std::isfinite(value)) throw std::invalid_argument("a value is not finite");
  }
}

void require_pairs(std::span<const double> a, std::span<const double> b, std::size_t least) {
  if (a.size() != b.size()) throw std::invalid_argument("pairs of unequal length");
  require_values(a, least);
  require_values(b, least);
}

double beyond_rounding(double spread, double largest) {
  // Some thousand times the rounding of one operation.
  constexpr double kRounding = 1e-12;
  return spread <= kRounding * largest ? 0 : spread;
}

double largest_size(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

}  // namespace normlab
