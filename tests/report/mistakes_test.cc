#include "normlab/report/mistakes.h"

#include <gtest/gtest.h>

#include "report/sample.h"

namespace normlab {
namespace {

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
