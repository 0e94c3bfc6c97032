#include "reference/relu.h"

#include <gtest/gtest.h>

#include "reference/gradient_check.h"

namespace normlab::reference {
namespace {

TEST(ReluReference, WorkedByHand) {
  Array4<double> x(1, 1, 1, 4);
  x.values = {-2, 0, 0.5, 3};
  EXPECT_EQ(relu(x).values, (std::vector<double>{0, 0, 0.5, 3}));
  Array4<double> dy(1, 1, 1, 4);
  dy.values = {5, 6, 7, 8};
  EXPECT_EQ(relu_backward(dy, x).values, (std::vector<double>{0, 0, 7, 8}));
}

TEST(ReluReference, GradientAgreesWithCentralDifferences) {
  Random random(21);
  const Array4<double> x = random_array(random, 2, 3, 3, 5);
  const Array4<double> probe = random_array(random, 2, 3, 3, 5);
  expect_gradient(relu_backward(probe, x).values, x.values, [&](const std::vector<double>& moved) {
    return seen_through(probe.values, relu(with_values(x, moved)).values);
  });
}

}  // namespace
}  // namespace normlab::reference
