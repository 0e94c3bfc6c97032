// Comparisons of what a kernel computed with what the references say. A NaN fails all of them.
#pragma once

#include <span>
#include <vector>

#include "reference/array.h"

namespace normlab {

// Every number lies within its error limit (reference/bounded.h). `looseness` keeps the limits
// honest: none may exceed this share of the largest expected number, or a mistake of that size
// could pass; 0 where all numbers expected are 0 but for rounding.
inline constexpr double kLooseness = 0.05;
void expect_within(const char* name, std::span<const reference::Bounded> expected,
                   std::span<const float> actual, double looseness = kLooseness);

// Every number is equal: for inputs with which all arithmetic is exact.
void expect_exact(const char* name, std::span<const double> expected,
                  std::span<const float> actual);

// Every number has the same bits.
void expect_same_bits(const char* name, std::span<const float> expected,
                      std::span<const float> actual);

// Floats as numbers of a reference, and as its array.
template <class Number>
std::vector<Number> exactly(std::span<const float> values) {
  std::vector<Number> result;
  for (const float value : values) result.push_back(Number(static_cast<double>(value)));
  return result;
}
template <class Number>
reference::Array4<Number> exactly(std::span<const float> values, int n, int c, int h, int w) {
  reference::Array4<Number> result(n, c, h, w);
  result.values = exactly<Number>(values);
  return result;
}

}  // namespace normlab
