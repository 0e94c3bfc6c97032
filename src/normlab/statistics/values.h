// What every function of this folder asks of the numbers it is given.
#pragma once

#include <cstddef>
#include <span>

namespace normlab {

// Throws std::invalid_argument if there are fewer than `least` values, or one of them is not
// finite: a run that became NaN is no measurement, and whoever has one must say what becomes of it.
void require_values(std::span<const double> values, std::size_t least = 1);

// The same for pairs; also throws if the two are not of the same length.
void require_pairs(std::span<const double> a, std::span<const double> b, std::size_t least = 1);

// `spread`, a standard deviation of sums and differences of numbers of up to this size; 0 where
// rounding alone explains it: 99.06 - 99 and 99.1 - 99.04 are one number and differ by 1e-14.
double beyond_rounding(double spread, double largest);

// The largest size of a value.
double largest_size(std::span<const double> values);

}  // namespace normlab
