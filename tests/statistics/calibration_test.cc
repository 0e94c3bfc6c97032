#include "normlab/statistics/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace normlab {
namespace {

using Floats = std::vector<float>;

TEST(Calibration, AnExampleByHand) {
  // Confidences 0.75 (right), 0.75 (wrong), 1 (right), 0.5 (right: the first of two equals).
  const Floats probabilities = {0.75f, 0.25f, 0.25f, 0.75f, 0.0f, 1.0f, 0.5f, 0.5f};
  const PredictionScores scores = score_predictions(std::vector{0, 0, 1, 0}, probabilities, 2);
  EXPECT_EQ(scores.accuracy, 75);
  EXPECT_NEAR(scores.negative_log_likelihood,
              -(std::log(0.75) + std::log(0.25) + std::log(0.5)) / 4, 1e-12);
  EXPECT_NEAR(scores.brier, (2 * 0.0625 + 2 * 0.5625 + 0 + 2 * 0.25) / 4, 1e-12);
  // Bins: {0.75, 0.75} with accuracy 1/2, {1} with 1, {0.5} with 1.
  EXPECT_NEAR(scores.calibration_error, 100 * (2 * 0.25 + 0 + 0.5) / 4, 1e-12);
  EXPECT_NEAR(scores.class_accuracy.at(0), 200.0 / 3, 1e-12);
  EXPECT_EQ(scores.class_accuracy.at(1), 100);
}

TEST(Calibration, BinsAreAFifteenthWide) {
  // 0.39 (wrong) and 0.41 (right) lie on either side of 6/15: in one bin their errors would cancel
  // in part. 0.41 and 0.46 (wrong) lie between 6/15 and 7/15 and do cancel.
  const Floats apart = {0.39f, 0.31f, 0.3f, 0.41f, 0.3f, 0.29f};
  EXPECT_NEAR(score_predictions(std::vector{1, 0}, apart, 3).calibration_error,
              100 * (0.39 + 0.59) / 2, 1e-5);
  const Floats together = {0.46f, 0.31f, 0.23f, 0.41f, 0.3f, 0.29f};
  EXPECT_NEAR(score_predictions(std::vector{1, 0}, together, 3).calibration_error,
              100 * (1 - 0.46 - 0.41) / 2, 1e-5);
}

TEST(Calibration, WhoIsSureAndRightHasNoLoss) {
  const PredictionScores scores = score_predictions(std::vector{1, 0}, Floats{0, 1, 0, 1, 0, 0}, 3);
  EXPECT_EQ(scores.negative_log_likelihood, 0);
  EXPECT_EQ(scores.brier, 0);
  EXPECT_EQ(scores.calibration_error, 0);
  EXPECT_TRUE(std::isnan(scores.class_accuracy.at(2)));  // no image of it
}

TEST(Calibration, WhoIsSureAndWrongHasAFiniteLoss) {
  const PredictionScores scores = score_predictions(std::vector{1}, Floats{1, 0}, 2);
  EXPECT_NEAR(scores.negative_log_likelihood, 126 * std::log(2.0), 1e-9);
  EXPECT_EQ(scores.brier, 2);
  EXPECT_EQ(scores.calibration_error, 100);
}

TEST(Calibration, WhatDoesNotFitIsRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(score_predictions({}, {}, 2), std::invalid_argument);
  EXPECT_THROW(score_predictions(std::vector{0}, Floats{1}, 2), std::invalid_argument);
  EXPECT_THROW(score_predictions(std::vector{2}, Floats{1, 0}, 2), std::invalid_argument);
  EXPECT_THROW(score_predictions(std::vector{0}, Floats{nan, 0}, 2), std::invalid_argument);
}

}  // namespace
}  // namespace normlab
