// The matrices of Winograd's F(4,3), and what is computed with them in plain loops.
#pragma once

#include "reference/array.h"
#include "reference/bounded.h"

namespace normlab::reference::winograd {

inline constexpr int kInputs = 6;
inline constexpr int kOutputs = 4;
inline constexpr int kTaps = 3;

// The points 0, 1, -1, 1/2, -1/2 and infinity, worked out by hand from the interpolation of a
// polynomial of degree 5; rows of B^T divided by 4, 4, 4, -4, -4 and 1, those of G multiplied.
inline constexpr double kBTransposed[kInputs][kInputs] = {
    {0.25, 0, -1.25, 0, 1, 0}, {0, -0.25, -0.25, 1, 1, 0}, {0, 0.25, -0.25, -1, 1, 0},
    {0, -1, -2, 1, 2, 0},      {0, 1, -2, -1, 2, 0},       {0, 0.25, 0, -1.25, 0, 1}};
inline constexpr double kG[kInputs][kTaps] = {{4, 0, 0},
                                              {2.0 / 3, 2.0 / 3, 2.0 / 3},
                                              {2.0 / 3, -2.0 / 3, 2.0 / 3},
                                              {-4.0 / 3, -2.0 / 3, -1.0 / 3},
                                              {-4.0 / 3, 2.0 / 3, -1.0 / 3},
                                              {0, 0, 1}};
inline constexpr double kATransposed[kOutputs][kInputs] = {{1, 1, 1, 1, 1, 0},
                                                           {0, 1, -1, 0.5, -0.5, 0},
                                                           {0, 1, 1, 0.25, 0.25, 0},
                                                           {0, 1, -1, 0.125, -0.125, 1}};

// sum over k of factor(k) * value(k); what is multiplied by 0 or 1 is not rounded.
template <class Number, class Factor, class Value>
Number combine(int count, const Factor& factor, const Value& value) {
  Sum<Number> sum;
  for (int k = 0; k < count; ++k) {
    if (factor(k) == 1) sum.add(value(k));
    if (factor(k) != 0 && factor(k) != 1) sum.add(Number(factor(k)) * value(k));
  }
  return sum.total();
}

// The number at a place that may lie outside the image.
template <class Number>
Number at(const Array4<Number>& x, int n, int c, int row, int column) {
  const bool inside = row >= 0 && row < x.h && column >= 0 && column < x.w;
  return inside ? x(n, c, row, column) : Number(0);
}

inline int quads(int width) { return (width + kOutputs - 1) / kOutputs; }

}  // namespace normlab::reference::winograd
