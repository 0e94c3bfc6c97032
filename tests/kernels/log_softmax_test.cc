#include "normlab/kernels/log_softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/awkward_sizes.h"
#include "kernels/instruction_sets.h"
#include "kernels/log_softmax_problem.h"

namespace normlab {
namespace {

using reference::Bounded;

TEST(LogSoftmax, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(161);
  struct Range {
    float mean;
    float standard_deviation;
  };
  for (const int classes : {2, 3, 10, 31, 200}) {
    for (const int samples : kAwkwardSamples) {
      // Logits of about 1, of a network that is sure of itself, far from zero, and so far apart
      // that exp underflows: without taking off the largest first it would overflow.
      for (const Range& range :
           {Range{0, 1}, Range{0, 10}, Range{1000, 1}, Range{-1000, 1}, Range{0, 100}}) {
        const auto [mean, deviation] = range;
        SCOPED_TRACE(std::to_string(samples) + " x " + std::to_string(classes) + ", logits " +
                     std::to_string(mean) + " +- " + std::to_string(deviation));
        const LogSoftmaxProblem problem =
            random_log_softmax(random, classes, samples, mean, deviation);
        const auto logits = exactly<Bounded>(problem.logits, samples, classes, 1, 1);
        const auto log_probabilities = reference::log_softmax(logits);
        const auto loss = reference::negative_log_likelihood(log_probabilities, problem.labels);
        const int correct = reference::count_correct(
            exactly<double>(problem.logits, samples, classes, 1, 1), problem.labels);
        const auto dlogits = reference::log_softmax_backward(
            reference::negative_log_likelihood_backward(log_probabilities, problem.labels,
                                                        static_cast<double>(problem.scale())),
            logits);
        on_every_instruction_set([&] {
          const LogSoftmaxOutputs actual = run_log_softmax(problem);
          expect_within("log-probabilities", log_probabilities.values, actual.log_probabilities);
          EXPECT_NEAR(actual.score.loss, loss.value, loss.error);
          EXPECT_LT(loss.error, 1e-3 * samples * static_cast<double>(1 + range.standard_deviation));
          EXPECT_EQ(actual.score.correct, correct);
          expect_within("dlogits", dlogits.values, actual.dlogits, 0);
          expect_exact("dlogits of unused lanes",
                       std::vector<double>(actual.dlogits_of_unused_lanes.size(), 0.0),
                       actual.dlogits_of_unused_lanes);
        });
      }
    }
  }
}

// Where unused lanes hold NaN, as elsewhere in these tests, they would come out as 0 even if
// nothing left them out: Highway's Exp makes 0 of a NaN. In training they hold finite numbers.
TEST(LogSoftmax, UnusedLanesHaveNoGradientWhereTheyHoldFiniteNumbers) {
  constexpr int kClasses = 10;
  reference::Random random(163);
  const std::vector<std::uint8_t> labels(kLanes, 3);
  for (const int lanes : {1, 7, 15}) {
    GuardedFloats logits(random.normals(kClasses * kLanes, 0, 3));
    on_every_instruction_set([&] {
      GuardedFloats log_probabilities(logits.size());
      GuardedFloats dlogits(logits.size());
      log_softmax_forward(log_probabilities.data(), logits.data(), kClasses);
      log_softmax_nll_backward(dlogits.data(), log_probabilities.data(), labels.data(), lanes,
                               kClasses, 0.25f);
      for (int i = 0; i < kClasses * kLanes; ++i) {
        const float actual = dlogits.data()[i];
        if (i % kLanes < lanes) {
          EXPECT_GT(std::abs(actual), 0.0f) << "lane " << i % kLanes << " of " << lanes;
        } else {
          EXPECT_EQ(actual, 0.0f) << "lane " << i % kLanes << " of " << lanes;
        }
      }
    });
  }
}

TEST(LogSoftmax, TheFirstOfEqualsIsThePrediction) {
  on_every_instruction_set([&] {
    for (const int label : {0, 1, 2}) {
      const LogSoftmaxProblem problem{
          3, 1, {-1.0f, 2.0f, 2.0f}, {static_cast<std::uint8_t>(label)}};
      EXPECT_EQ(run_log_softmax(problem).score.correct, label == 1 ? 1 : 0) << label;
    }
  });
}

TEST(LogSoftmax, ANanIsNotHidden) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  on_every_instruction_set([&] {
    for (std::size_t where = 0; where < 3; ++where) {
      LogSoftmaxProblem problem{3, 1, {1.0f, 2.0f, 3.0f}, {0}};
      problem.logits[where] = kNan;
      EXPECT_TRUE(std::isnan(run_log_softmax(problem).score.loss)) << where;
    }
  });
}

TEST(LogSoftmax, WorksInPlace) {
  reference::Random random(162);
  const LogSoftmaxProblem problem = random_log_softmax(random, 10, 16, 0.0f, 3.0f);
  on_every_instruction_set([&] {
    GuardedTiles tile({10, 1, 1}, 16, problem.logits);
    log_softmax_forward(tile.tile(0), tile.tile(0), 10);
    expect_same_bits("in place", run_log_softmax(problem).log_probabilities, tile.values("logits"));
  });
}

}  // namespace
}  // namespace normlab
