#include "reference/log_softmax.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reference/gradient_check.h"

namespace normlab::reference {
namespace {

TEST(LogSoftmaxReference, WorkedByHand) {
  // Probabilities 1/6, 2/6, 3/6; and the same again far from zero.
  Array4<double> logits(2, 3, 1, 1);
  logits.values = {std::log(1), std::log(2),        std::log(3),
                   1000,        1000 + std::log(2), 1000 + std::log(3)};
  const Array4<double> result = log_softmax(logits);
  for (int n = 0; n < 2; ++n) {
    for (int k = 0; k < 3; ++k) EXPECT_NEAR(std::exp(result(n, k, 0, 0)), (k + 1) / 6.0, 1e-12);
  }
  EXPECT_NEAR(negative_log_likelihood(result, {0, 2}), std::log(6) + std::log(2), 1e-12);
  EXPECT_EQ(count_correct(result, {0, 2}), 1);
}

TEST(LogSoftmaxReference, TheFirstOfEqualsIsThePrediction) {
  Array4<double> log_probabilities(1, 3, 1, 1);
  log_probabilities.values = {-2, -0.5, -0.5};
  EXPECT_EQ(count_correct(log_probabilities, {1}), 1);
  EXPECT_EQ(count_correct(log_probabilities, {2}), 0);
}

TEST(LogSoftmaxReference, GradientAgreesWithCentralDifferences) {
  Random random(71);
  const Array4<double> logits = random_array(random, 4, 5, 1, 1, 0.0f, 2.0f);
  const std::vector<std::uint8_t> labels = {4, 0, 2, 2};
  const double scale = 0.3;
  const Array4<double> gradient = log_softmax_backward(
      negative_log_likelihood_backward(log_softmax(logits), labels, scale), logits);
  expect_gradient(gradient.values, logits.values, [&](const std::vector<double>& moved) {
    return scale * negative_log_likelihood(log_softmax(with_values(logits, moved)), labels);
  });
  const Array4<double> probe = random_array(random, 4, 5, 1, 1);
  expect_gradient(log_softmax_backward(probe, logits).values, logits.values,
                  [&](const std::vector<double>& moved) {
                    return seen_through(probe.values,
                                        log_softmax(with_values(logits, moved)).values);
                  });
}

}  // namespace
}  // namespace normlab::reference
