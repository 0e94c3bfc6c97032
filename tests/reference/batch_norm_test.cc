#include "reference/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reference/gradient_check.h"

namespace normlab::reference {
namespace {

TEST(BatchNormReference, WorkedByHand) {
  // Two samples, two channels, one pixel: channel 0 is (1, 3), channel 1 is (10, 20).
  Array4<double> x(2, 2, 1, 1);
  x.values = {1, 10, 3, 20};
  const BatchNorm<double> result = batch_norm<double>(x, {{2, 3}, {0.5, -1}}, 3.0);
  EXPECT_EQ(result.mean, (std::vector<double>{2, 15}));
  EXPECT_EQ(result.var, (std::vector<double>{1, 25}));
  ASSERT_EQ(result.y.values.size(), 4u);
  EXPECT_DOUBLE_EQ(result.y.values[0], 2 * -0.5 + 0.5);
  EXPECT_DOUBLE_EQ(result.y.values[1], 3 * -5 / std::sqrt(28.0) - 1);
  EXPECT_DOUBLE_EQ(result.y.values[2], 2 * 0.5 + 0.5);
  EXPECT_DOUBLE_EQ(result.y.values[3], 3 * 5 / std::sqrt(28.0) - 1);
}

TEST(BatchNormReference, EvaluatesWithGivenStatistics) {
  Array4<double> x(1, 2, 1, 1);
  x.values = {5, 7};
  const Array4<double> y = batch_norm_evaluation<double>(x, {{2, 3}, {1, -1}}, {1, 3}, {3, 15}, 1);
  EXPECT_EQ(y.values, (std::vector<double>{2 * (4 / 2.0) + 1, 3 * (4 / 4.0) - 1}));
}

TEST(BatchNormReference, RunningStatisticsAsPyTorchKeepsThem) {
  EXPECT_DOUBLE_EQ(running_mean(2.0, 7.0, 0.1), 0.9 * 2 + 0.1 * 7);
  // The biased variance of m = 5 numbers, 4, is 5 without bias.
  EXPECT_DOUBLE_EQ(running_var(1.0, 4.0, 5, 0.1), 0.9 * 1 + 0.1 * 5);
}

TEST(BatchNormReference, GradientsAgreeWithCentralDifferences) {
  Random random(41);
  for (const double eps : {1e-5, 1e-3}) {
    const Array4<double> x = random_array(random, 3, 2, 2, 3, 0.5f, 2.0f);
    const Array4<double> probe = random_array(random, 3, 2, 2, 3);
    const Affine<double> affine{random_vector(random, 2, 1.0f, 0.5f), random_vector(random, 2)};
    const auto gradients = batch_norm_backward(probe, x, affine, eps);
    expect_gradient(gradients.dx.values, x.values, [&](const std::vector<double>& moved) {
      return seen_through(probe.values, batch_norm(with_values(x, moved), affine, eps).y.values);
    });
    expect_gradient(gradients.dgamma, affine.gamma, [&](const std::vector<double>& moved) {
      return seen_through(probe.values, batch_norm<double>(x, {moved, affine.beta}, eps).y.values);
    });
    expect_gradient(gradients.dbeta, affine.beta, [&](const std::vector<double>& moved) {
      return seen_through(probe.values, batch_norm<double>(x, {affine.gamma, moved}, eps).y.values);
    });
    const auto plain = batch_norm_backward<double>(probe, x, {}, eps);
    expect_gradient(plain.dx.values, x.values, [&](const std::vector<double>& moved) {
      return seen_through(probe.values,
                          batch_norm<double>(with_values(x, moved), {}, eps).y.values);
    });
  }
}

}  // namespace
}  // namespace normlab::reference
