#include "reference/pool2d.h"

#include <gtest/gtest.h>

#include "reference/gradient_check.h"

namespace normlab::reference {
namespace {

TEST(Pool2dReference, WorkedByHand) {
  Array4<double> x(1, 1, 3, 5);
  x.values = {1, 2, 3, 4, 9,  //
              8, 7, 6, 5, 9,  //
              9, 9, 9, 9, 9};
  // The last row and the last column belong to no whole window.
  EXPECT_EQ(max_pool2d(x, {2, 2, 2}).values, (std::vector<double>{8, 6}));
  EXPECT_EQ(average_pool2d(x, {2, 2, 2}).values, (std::vector<double>{4.5, 4.5}));
}

TEST(Pool2dReference, GradientOfEqualNumbersGoesToTheFirst) {
  Array4<double> x(1, 1, 2, 2);
  x.values = {3, 5, 5, 5};
  Array4<double> dy(1, 1, 1, 1);
  dy.values = {7};
  EXPECT_EQ(max_pool2d_backward(dy, x, {2, 2, 2}).values, (std::vector<double>{0, 7, 0, 0}));
}

TEST(Pool2dReference, GradientsAgreeWithCentralDifferences) {
  Random random(51);
  for (const Pool2d& options : {Pool2d{2, 2, 2}, Pool2d{3, 3, 2}, Pool2d{3, 2, 1}, Pool2d{1, 1, 1},
                                Pool2d{2, 3, 3}, Pool2d{5, 6, 1}}) {
    const Array4<double> x = random_array(random, 2, 2, 5, 6);
    Array4<double> probe = max_pool2d(x, options);
    probe.values = random_vector(random, probe.values.size());
    expect_gradient(max_pool2d_backward(probe, x, options).values, x.values,
                    [&](const std::vector<double>& moved) {
                      return seen_through(probe.values,
                                          max_pool2d(with_values(x, moved), options).values);
                    });
    expect_gradient(average_pool2d_backward(probe, x, options).values, x.values,
                    [&](const std::vector<double>& moved) {
                      return seen_through(probe.values,
                                          average_pool2d(with_values(x, moved), options).values);
                    });
  }
}

}  // namespace
}  // namespace normlab::reference
