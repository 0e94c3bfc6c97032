#include "normlab/statistics/permutation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "normlab/base/random.h"
#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/values.h"

namespace normlab {
namespace {

constexpr int kDrawn = kArrangements - 1;

// Two arrangements that are the same up to rounding count as equal.
constexpr double kTolerance = 1e-9;

PermutationTest exact(std::int64_t extreme, std::int64_t arrangements, double smallest) {
  return {.p_value = static_cast<double>(extreme) / static_cast<double>(arrangements),
          .smallest_p_value = smallest,
          .is_exact = true,
          .arrangements = static_cast<int>(arrangements)};
}

constexpr double kSmallestDrawn = 1.0 / (kDrawn + 1.0);

PermutationTest drawn(int extreme) {
  return {.p_value = (extreme + 1.0) / (kDrawn + 1.0),
          .smallest_p_value = kSmallestDrawn,
          .is_exact = false,
          .arrangements = kDrawn};
}

// Number of ways to choose k of n, or kArrangements + 1 if there are more than kArrangements.
std::int64_t choices(std::size_t n, std::size_t k) {
  std::int64_t ways = 1;
  for (std::size_t i = 1; i <= std::min(k, n - k); ++i) {
    ways = ways * static_cast<std::int64_t>(n - i + 1) / static_cast<std::int64_t>(i);
    if (ways > kArrangements) return kArrangements + 1;
  }
  return ways;
}

// Of both signs, a sum and its negative being equally extreme.
double smallest_of_pairs(std::size_t n) { return std::exp2(1 - static_cast<double>(n)); }

// Samples of one size can be exchanged as a whole.
double smallest_of_samples(std::int64_t ways, bool are_of_one_size) {
  return (are_of_one_size ? 2.0 : 1.0) / static_cast<double>(ways);
}

// How far apart the first `of_a` values are from the rest.
double distance(std::span<const double> values, std::size_t of_a) {
  const auto n_a = static_cast<double>(of_a);
  const auto n_b = static_cast<double>(values.size() - of_a);
  double sum_a = 0;
  double sum_b = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    (i < of_a ? sum_a : sum_b) += values[i];
    (i < of_a ? squares_a : squares_b) += values[i] * values[i];
  }
  const double difference = std::abs(sum_a / n_a - sum_b / n_b);
  if (n_a < 2 || n_b < 2) return difference;
  // The values are scaled and centred, so that no digits are lost in these differences.
  const double rest_a = std::max(0.0, squares_a - sum_a * sum_a / n_a);
  const double rest_b = std::max(0.0, squares_b - sum_b * sum_b / n_b);
  const double error = rest_a / (n_a - 1) / n_a + rest_b / (n_b - 1) / n_b;
  if (difference < kTolerance) return 0;
  return error < kTolerance * kTolerance ? std::numeric_limits<double>::infinity()
                                         : difference / std::sqrt(error);
}

// Both samples in a row, moved and scaled to lie around 0 with the largest at distance 1.
std::vector<double> pooled(std::span<const double> a, std::span<const double> b) {
  std::vector<double> values(a.begin(), a.end());
  values.insert(values.end(), b.begin(), b.end());
  const double middle = mean(values);
  double largest = 0;
  for (double& value : values) {
    value -= middle;
    largest = std::max(largest, std::abs(value));
  }
  if (largest > 0) {
    for (double& value : values) value /= largest;
  }
  return values;
}

}  // namespace

PermutationTest paired_permutation_test(std::span<const double> a, std::span<const double> b,
                                        std::uint64_t seed) {
  require_pairs(a, b);
  const std::size_t n = a.size();
  std::vector<double> sizes;
  double sum = 0;
  double all = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sizes.push_back(std::abs(a[i] - b[i]));
    sum += a[i] - b[i];
    all += sizes.back();
  }
  const double observed = std::abs(sum) - kTolerance * all;

  if (n < 31 && (1 << n) <= kArrangements) {
    // A sum and its negative are equally extreme, so the last sign stays.
    const std::uint32_t half = 1u << (n - 1);
    std::int64_t extreme = 0;
    for (std::uint32_t signs = 0; signs < half; ++signs) {
      double flipped = 0;
      for (std::size_t i = 0; i < n; ++i) flipped += (signs >> i & 1u) != 0 ? -sizes[i] : sizes[i];
      if (std::abs(flipped) >= observed) extreme += 2;
    }
    return exact(extreme, std::int64_t{1} << n, smallest_of_pairs(n));
  }
  int extreme = 0;
  for (int draw = 0; draw < kDrawn; ++draw) {
    RandomStream random(seed, Purpose::kPermutation, 0, static_cast<std::uint32_t>(draw));
    std::uint32_t signs = 0;
    double flipped = 0;
    for (std::size_t i = 0; i < n; ++i, signs >>= 1) {
      if (i % 32 == 0) signs = random.bits();
      flipped += (signs & 1u) != 0 ? -sizes[i] : sizes[i];
    }
    if (std::abs(flipped) >= observed) ++extreme;
  }
  return drawn(extreme);
}

PermutationTest unpaired_permutation_test(std::span<const double> a, std::span<const double> b,
                                          std::uint64_t seed) {
  require_values(a);
  require_values(b);
  std::vector<double> values = pooled(a, b);
  const std::size_t n = values.size();
  const double found = distance(values, a.size());
  const double observed = found - kTolerance * (std::isfinite(found) ? found : 0);
  const std::int64_t ways = choices(n, a.size());

  if (ways <= kArrangements) {
    std::vector<bool> is_in_a(n, false);
    std::fill_n(is_in_a.begin(), a.size(), true);
    std::vector<double> arranged(n);
    std::int64_t extreme = 0;
    do {
      std::size_t next_a = 0;
      std::size_t next_b = a.size();
      for (std::size_t i = 0; i < n; ++i) arranged[is_in_a[i] ? next_a++ : next_b++] = values[i];
      if (distance(arranged, a.size()) >= observed) ++extreme;
    } while (std::prev_permutation(is_in_a.begin(), is_in_a.end()));
    return exact(extreme, ways, smallest_of_samples(ways, a.size() == b.size()));
  }
  int extreme = 0;
  for (int draw = 0; draw < kDrawn; ++draw) {
    RandomStream random(seed, Purpose::kPermutation, 1, static_cast<std::uint32_t>(draw));
    // Fisher and Yates: after so many exchanges the first of them are a random choice.
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::size_t other = i + random.below(static_cast<std::uint32_t>(n - i));
      std::swap(values[i], values[other]);
    }
    if (distance(values, a.size()) >= observed) ++extreme;
  }
  return drawn(extreme);
}

std::optional<int> pairs_to_reach(double level) {
  for (std::size_t n = 1;; ++n) {
    const bool is_exact = std::int64_t{1} << n <= kArrangements;
    if ((is_exact ? smallest_of_pairs(n) : kSmallestDrawn) <= level) return static_cast<int>(n);
    if (!is_exact) return std::nullopt;
  }
}

std::optional<int> values_to_reach(double level) {
  for (std::size_t n = 1;; ++n) {
    const std::int64_t ways = choices(2 * n, n);
    const bool is_exact = ways <= kArrangements;
    if ((is_exact ? smallest_of_samples(ways, true) : kSmallestDrawn) <= level) {
      return static_cast<int>(n);
    }
    if (!is_exact) return std::nullopt;
  }
}

}  // namespace normlab
