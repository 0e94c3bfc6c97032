#include "normlab/report/uncertainty.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "normlab/report/mistakes.h"
#include "report/sample.h"

namespace normlab {
namespace {

TEST(Uncertainty, StandardErrorIsThatOfABinomialShare) {
  EXPECT_NEAR(standard_error(99.2, 10000), 0.0891, 5e-5);
  EXPECT_NEAR(standard_error(50, 100), 5.0, 1e-12);
  EXPECT_EQ(standard_error(100, 10000), 0);
  EXPECT_EQ(standard_error(0, 10000), 0);
}

TEST(Uncertainty, SignTestCountsCoins) {
  EXPECT_EQ(sign_test(0, 0), 1);
  EXPECT_NEAR(sign_test(0, 1), 1, 1e-12);
  EXPECT_NEAR(sign_test(0, 5), 2.0 / 32, 1e-12);            // all tails, or all heads
  EXPECT_NEAR(sign_test(5, 1), 2.0 * (1 + 6) / 64, 1e-12);  // at most one of six
  EXPECT_NEAR(sign_test(2, 8), 2.0 * (1 + 10 + 45) / 1024, 1e-12);
  EXPECT_NEAR(sign_test(8, 2), sign_test(2, 8), 1e-15);
  // 2 * P(X <= 400), X of 1000 tosses: 2.7e-10 by the normal approximation with continuity.
  EXPECT_GT(sign_test(400, 600), 1.5e-10);
  EXPECT_LT(sign_test(400, 600), 4e-10);
}

TEST(Uncertainty, ComparesRunsImageByImage) {
  const Dataset data = sample_test_set(40);
  const Predictions worse = sample_predictions(data, 12);
  const Predictions better = sample_predictions(data, 5);  // errs on the first 5 of those 12
  const PairedComparison comparison = compare(better, worse);
  EXPECT_EQ(comparison.only_first, 7);
  EXPECT_EQ(comparison.only_second, 0);
  EXPECT_NEAR(comparison.p_value, 2.0 / 128, 1e-12);
  EXPECT_THROW(compare(better, sample_predictions(sample_test_set(41), 0)), std::invalid_argument);
}

TEST(Mistakes, TheMostConfidentComeFirst) {
  const Dataset data = sample_test_set(40);
  Predictions predictions = sample_predictions(data, 4);
  EXPECT_TRUE(find_mistakes(sample_predictions(data, 0)).empty());
  // Image 2 becomes the surest mistake: it is taken for class 3 with probability 1.
  for (int k = 0; k < 10; ++k) predictions.probabilities[20 + static_cast<std::size_t>(k)] = k == 3;
  const auto mistakes = find_mistakes(predictions);
  ASSERT_EQ(mistakes.size(), 4u);
  EXPECT_EQ(mistakes[0].index, 2);
  EXPECT_EQ(mistakes[0].label, 2);
  EXPECT_EQ(mistakes[0].predicted, 3);
  EXPECT_EQ(mistakes[0].probability, 1.0f);
  EXPECT_EQ(mistakes[1].index, 0);
  EXPECT_EQ(mistakes[2].index, 1);
  EXPECT_EQ(mistakes[3].index, 3);
}

TEST(Mistakes, ConfusionsAreCountedByTrueThenPredictedClass) {
  const auto counts = count_confusions(sample_predictions(sample_test_set(40), 4));
  ASSERT_EQ(counts.size(), 100u);
  EXPECT_EQ(counts[0 * 10 + 0], 3);  // one of the four zeros is taken for a one
  EXPECT_EQ(counts[0 * 10 + 1], 1);
  EXPECT_EQ(counts[1 * 10 + 0], 0);
  EXPECT_EQ(counts[9 * 10 + 9], 4);
}

}  // namespace
}  // namespace normlab
