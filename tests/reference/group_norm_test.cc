#include "reference/group_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reference/gradient_check.h"

namespace normlab::reference {
namespace {

TEST(GroupNormReference, WorkedByHand) {
  // One sample, four channels of one pixel, two groups: (1, 3) has mean 2 and variance 1, (10, 20)
  // has mean 15 and variance 25.
  Array4<double> x(1, 4, 1, 1);
  x.values = {1, 3, 10, 20};
  const Affine<double> affine{{1, 2, 3, 4}, {0.5, 0.25, -1, 1}};
  const GroupNorm<double> result = group_norm(x, affine, 2, 3.0);
  EXPECT_EQ(result.mean.values, (std::vector<double>{2, 15}));
  ASSERT_EQ(result.rstd.values.size(), 2u);
  EXPECT_DOUBLE_EQ(result.rstd.values[0], 0.5);  // 1 / sqrt(1 + 3)
  EXPECT_DOUBLE_EQ(result.rstd.values[1], 1 / std::sqrt(28.0));
  EXPECT_DOUBLE_EQ(result.y.values[0], 1 * -0.5 + 0.5);
  EXPECT_DOUBLE_EQ(result.y.values[1], 2 * 0.5 + 0.25);
  EXPECT_DOUBLE_EQ(result.y.values[2], 3 * -5 / std::sqrt(28.0) - 1);
  EXPECT_DOUBLE_EQ(result.y.values[3], 4 * 5 / std::sqrt(28.0) + 1);
}

TEST(GroupNormReference, NormalizesSamplesApart) {
  Array4<double> x(2, 1, 1, 2);
  x.values = {-1, 1, 100, 300};
  EXPECT_EQ(group_norm<double>(x, {}, 1, 0.0).y.values, (std::vector<double>{-1, 1, -1, 1}));
}

TEST(GroupNormReference, GradientsAgreeWithCentralDifferences) {
  Random random(31);
  for (const int groups : {1, 2, 3, 6}) {
    for (const double eps : {1e-5, 1e-3}) {
      const Array4<double> x = random_array(random, 2, 6, 3, 2, 0.5f, 2.0f);
      const Array4<double> probe = random_array(random, 2, 6, 3, 2);
      const Affine<double> affine{random_vector(random, 6, 1.0f, 0.5f), random_vector(random, 6)};
      const auto gradients = group_norm_backward(probe, x, affine, groups, eps);
      expect_gradient(gradients.dx.values, x.values, [&](const std::vector<double>& moved) {
        return seen_through(probe.values,
                            group_norm(with_values(x, moved), affine, groups, eps).y.values);
      });
      expect_gradient(gradients.dgamma, affine.gamma, [&](const std::vector<double>& moved) {
        return seen_through(probe.values,
                            group_norm<double>(x, {moved, affine.beta}, groups, eps).y.values);
      });
      expect_gradient(gradients.dbeta, affine.beta, [&](const std::vector<double>& moved) {
        return seen_through(probe.values,
                            group_norm<double>(x, {affine.gamma, moved}, groups, eps).y.values);
      });
      const auto plain = group_norm_backward<double>(probe, x, {}, groups, eps);
      expect_gradient(plain.dx.values, x.values, [&](const std::vector<double>& moved) {
        return seen_through(probe.values,
                            group_norm<double>(with_values(x, moved), {}, groups, eps).y.values);
      });
    }
  }
}

}  // namespace
}  // namespace normlab::reference
