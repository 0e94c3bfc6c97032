// Checks a gradient by central differences: dL/dx[i] = (L(x + h e_i) - L(x - h e_i)) / 2h.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "reference/array.h"
#include "reference/random.h"

namespace normlab::reference {

// `loss(x)` is a double. In double with h = 1e-6 the quotient is off by about 2^-53 |L| / h = 1e-10
// |L| for each rounding in L, and by h^2 / 6 |L'''| = 2e-13 |L'''| through what it leaves out; the
// losses of the tests have |L'''| < 1e5, so 1e-7 stands well above both and far below any mistake.
template <class Loss>
void expect_gradient(const std::vector<double>& gradient, const std::vector<double>& at,
                     const Loss& loss) {
  constexpr double kStep = 1e-6;
  ASSERT_EQ(gradient.size(), at.size());
  double largest = 0;
  for (const double value : gradient) largest = std::max(largest, std::abs(value));
  EXPECT_GT(largest, 1e-3) << "a gradient of nothing but zeros would prove nothing";
  const double limit = 1e-7 * std::max({1.0, largest, std::abs(loss(at))});
  std::vector<double> moved = at;
  for (std::size_t i = 0; i < at.size(); ++i) {
    moved[i] = at[i] + kStep;
    const double above = loss(moved);
    moved[i] = at[i] - kStep;
    const double below = loss(moved);
    moved[i] = at[i];
    EXPECT_NEAR(gradient[i], (above - below) / (2 * kStep), limit) << "number " << i;
  }
}

inline std::vector<double> random_vector(Random& random, std::size_t count, float mean = 0,
                                         float standard_deviation = 1) {
  const std::vector<float> values = random.normals(count, mean, standard_deviation);
  return {values.begin(), values.end()};
}

inline Array4<double> random_array(Random& random, int n, int c, int h, int w, float mean = 0,
                                   float standard_deviation = 1) {
  Array4<double> array(n, c, h, w);
  array.values = random_vector(random, array.values.size(), mean, standard_deviation);
  return array;
}

// The same array with other numbers in it.
inline Array4<double> with_values(const Array4<double>& array, const std::vector<double>& values) {
  Array4<double> result = array;
  result.values = values;
  return result;
}

// The scalar whose gradient is taken: the output seen through a random probe, sum probe * y, so
// that dL/dy = probe.
inline double seen_through(const std::vector<double>& probe, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += probe.at(i) * y[i];
  return sum;
}

}  // namespace normlab::reference
