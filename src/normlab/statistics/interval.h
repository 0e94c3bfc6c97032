// Two ends between which a number is said to lie.
#pragma once

namespace normlab {

struct Interval {
  double low = 0;
  double high = 0;

  // NaN lies in no interval.
  bool holds(double value) const { return low <= value && value <= high; }
};

// Of every interval in this folder, unless its function is told otherwise.
inline constexpr double kConfidence = 0.95;

// What counts as rare when two are compared.
inline constexpr double kSignificance = 0.05;

}  // namespace normlab
