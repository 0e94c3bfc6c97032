#include "normlab/report/mistakes.h"

#include <gtest/gtest.h>

#include <vector>

#include "report/sample.h"

namespace normlab {
namespace {

// Of images of classes 0, 1, 2, ...: what each is taken for, and with which probability.
struct Answer {
  int predicted = 0;
  float probability = 1;
};

Predictions predict(const std::vector<Answer>& answers) {
  Predictions predictions;
  predictions.classes = 4;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    predictions.labels.push_back(static_cast<int>(i));
    for (int k = 0; k < predictions.classes; ++k) {
      const float rest = (1 - answers[i].probability) / 3;
      predictions.probabilities.push_back(k == answers[i].predicted ? answers[i].probability
                                                                    : rest);
    }
  }
  return predictions;
}

TEST(Mistakes, TheMostConfidentComeFirst) {
  const Dataset data = sample_test_set(40);
  Predictions predictions = sample_predictions(data, 4);
  EXPECT_TRUE(sample_mistakes(data, 0).mistakes().empty());
  // Image 2 becomes the surest mistake: it is taken for class 3 with probability 1.
  for (int k = 0; k < 10; ++k) predictions.probabilities[20 + static_cast<std::size_t>(k)] = k == 3;
  const auto mistakes = count({predictions}).mistakes();
  ASSERT_EQ(mistakes.size(), 4u);
  EXPECT_EQ(mistakes[0].index, 2);
  EXPECT_EQ(mistakes[0].label, 2);
  EXPECT_EQ(mistakes[0].predicted, 3);
  EXPECT_EQ(mistakes[0].probability, 1.0);
  EXPECT_EQ(mistakes[0].runs, 1);
  EXPECT_EQ(mistakes[1].index, 0);
  EXPECT_EQ(mistakes[2].index, 1);
  EXPECT_EQ(mistakes[3].index, 3);
}

TEST(Mistakes, ThoseOfMostRunsComeBeforeTheMostConfident) {
  const MistakeCounts counts =
      count({predict({{0}, {2, 0.5f}, {1, 0.5f}, {2, 1.0f}}),
             predict({{0}, {2, 0.5f}, {1, 0.75f}, {3}}), predict({{0}, {1}, {2}, {3}})});
  EXPECT_EQ(counts.runs(), 3);
  EXPECT_EQ(counts.images(), 4);
  EXPECT_EQ(counts.classes(), 4);
  const auto mistakes = counts.mistakes();
  ASSERT_EQ(mistakes.size(), 3u);
  EXPECT_EQ(mistakes[0].index, 2);  // two runs, mean 0.625
  EXPECT_EQ(mistakes[0].runs, 2);
  EXPECT_EQ(mistakes[0].probability, 0.625);
  EXPECT_EQ(mistakes[1].index, 1);  // two runs, mean 0.5
  EXPECT_EQ(mistakes[2].index, 3);  // one run, although it is sure
  EXPECT_EQ(mistakes[2].runs, 1);
}

TEST(Mistakes, EqualsComeInTheOrderOfTheTestSet) {
  const auto mistakes = count({predict({{3}, {3}, {3}, {0}})}).mistakes();
  ASSERT_EQ(mistakes.size(), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(mistakes[static_cast<std::size_t>(i)].index, i);
}

// Image 0 is taken for 3 once and for 2 twice: it is shown as 2, and wrong three times.
TEST(Mistakes, OfSeveralWrongClassesTheMostFrequentIsShown) {
  for (const auto& order : std::vector<std::vector<int>>{{3, 2, 2}, {2, 3, 2}, {1, 2, 2}}) {
    std::vector<Predictions> runs = {predict({{0}})};
    for (const int predicted : order) {
      runs.push_back(predict({{predicted, predicted == 2 ? 0.5f : 1.0f}}));
    }
    const auto mistakes = count(runs).mistakes();
    ASSERT_EQ(mistakes.size(), 1u);
    EXPECT_EQ(mistakes[0].predicted, 2);
    EXPECT_EQ(mistakes[0].runs, 2);
    EXPECT_EQ(mistakes[0].wrong_runs, 3);
    EXPECT_EQ(mistakes[0].probability, 0.5);
  }
}

TEST(Mistakes, OfEquallyFrequentClassesTheMoreProbableIsShown) {
  for (const int sure : {1, 2}) {
    const auto mistakes =
        count({predict({{1, sure == 1 ? 1.0f : 0.5f}}), predict({{2, sure == 2 ? 1.0f : 0.5f}})})
            .mistakes();
    ASSERT_EQ(mistakes.size(), 1u);
    EXPECT_EQ(mistakes[0].predicted, sure);
    EXPECT_EQ(mistakes[0].runs, 1);
    EXPECT_EQ(mistakes[0].wrong_runs, 2);
  }
}

TEST(Mistakes, ConfusionsAreCountedByTrueThenPredictedClass) {
  const Dataset data = sample_test_set(40);
  const auto counts = sample_mistakes(data, 4).confusions();
  ASSERT_EQ(counts.size(), 100u);
  EXPECT_EQ(counts[0 * 10 + 0], 3);  // one of the four zeros is taken for a one
  EXPECT_EQ(counts[0 * 10 + 1], 1);
  EXPECT_EQ(counts[1 * 10 + 0], 0);
  EXPECT_EQ(counts[9 * 10 + 9], 4);
  const auto summed =
      count({sample_predictions(data, 4), sample_predictions(data, 1)}).confusions();
  EXPECT_EQ(summed[0 * 10 + 0], 6);
  EXPECT_EQ(summed[0 * 10 + 1], 2);
  EXPECT_EQ(summed[1 * 10 + 2], 1);
}

}  // namespace
}  // namespace normlab
