#include "reference/linear.h"

#include <gtest/gtest.h>

#include "reference/gradient_check.h"

namespace normlab::reference {
namespace {

TEST(LinearReference, WorkedByHand) {
  Array4<double> x(1, 3, 1, 1);
  x.values = {1, 2, 3};
  Array4<double> w(2, 3, 1, 1);
  w.values = {1,  10, 100,  //
              -1, 0,  2};
  EXPECT_EQ(linear(x, w, {0.5, 0.25}).values, (std::vector<double>{321.5, 5.25}));
}

TEST(LinearReference, GradientsAgreeWithCentralDifferences) {
  Random random(61);
  const Array4<double> x = random_array(random, 3, 2, 2, 1);
  const Array4<double> w = random_array(random, 5, 4, 1, 1);
  const std::vector<double> bias = random_vector(random, 5);
  const Array4<double> probe = random_array(random, 3, 5, 1, 1);
  const LinearGradients<double> gradients = linear_backward(probe, x, w);
  expect_gradient(gradients.dx.values, x.values, [&](const std::vector<double>& moved) {
    return seen_through(probe.values, linear(with_values(x, moved), w, bias).values);
  });
  expect_gradient(gradients.dw.values, w.values, [&](const std::vector<double>& moved) {
    return seen_through(probe.values, linear(x, with_values(w, moved), bias).values);
  });
  expect_gradient(gradients.dbias, bias, [&](const std::vector<double>& moved) {
    return seen_through(probe.values, linear(x, w, moved).values);
  });
}

}  // namespace
}  // namespace normlab::reference
