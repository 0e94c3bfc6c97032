#include "normlab/kernels/pool2d.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/awkward_sizes.h"
#include "kernels/instruction_sets.h"
#include "kernels/pool2d_problem.h"
#include "reference/random.h"

namespace normlab {
namespace {

// Every image and window that fit together, overlapping, side by side and with gaps; batch size and
// channels take turns.
template <class Visit>
void for_each_awkward_pool(Pooling pooling, const Visit& visit) {
  int turn = 0;
  for (const ImageSize& image : kAwkwardImages) {
    for (const ImageSize& window : {ImageSize{1, 1}, {2, 2}, {3, 3}, {2, 3}, {5, 1}, {7, 7}}) {
      for (const int stride : {1, 2, 3}) {
        if (window.height > image.height || window.width > image.width) continue;
        turn = (turn + 7) % 25;
        const Shape shape{kAwkwardChannels[turn % 5], image.height, image.width};
        const int samples = kAwkwardSamples[turn / 5];
        if (too_much(shape, samples)) continue;
        visit(
            Pool2dProblem{pooling, {shape, window.height, window.width, stride}, samples, {}, {}});
      }
    }
  }
}

TEST(MaxPool2d, EqualsTheReferenceOnEveryInstructionSet) {
  reference::Random random(141);
  for_each_awkward_pool(Pooling::kMax, [&](Pool2dProblem problem) {
    // Few different whole numbers, so that many windows have several largest, negative ones too.
    for (const auto& [low, high] : {std::pair{0, 2}, std::pair{-900, -1}}) {
      problem.x = random.integers(problem.x_size(), low, high);
      problem.dy = random.integers(problem.y_size(), -9, 9);
      SCOPED_TRACE(problem.text());
      const auto expected = reference_pool2d<double>(problem);
      on_every_instruction_set([&] {
        const Pool2dOutputs actual = run_pool2d(problem);
        expect_exact("y", expected.y, actual.y);
        expect_exact("dx", expected.dx, actual.dx);
      });
    }
  });
}

TEST(MaxPool2d, PassesOnWhatIsNoNumber) {
  on_every_instruction_set([&] {
    for (int where = 0; where < 4; ++where) {
      Pool2dProblem problem{Pooling::kMax, {{1, 2, 2}, 2, 2, 2}, 1, {1, 2, 3, 4}, {1}};
      problem.x[static_cast<std::size_t>(where)] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(std::isnan(run_pool2d(problem).y.at(0))) << where;
    }
  });
}

TEST(AveragePool2d, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(142);
  for_each_awkward_pool(Pooling::kAverage, [&](Pool2dProblem problem) {
    problem.x = random.normals(problem.x_size(), 0.5f, 1.0f);
    problem.dy = random.normals(problem.y_size(), 0.5f, 1.0f);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_pool2d<reference::Bounded>(problem);
    on_every_instruction_set([&] {
      const Pool2dOutputs actual = run_pool2d(problem);
      expect_within("y", expected.y, actual.y);
      expect_within("dx", expected.dx, actual.dx);
    });
  });
}

TEST(AveragePool2d, IsExactWithWholeNumbers) {
  reference::Random random(143);
  for (const int stride : {1, 2, 3, 4}) {
    Pool2dProblem problem{Pooling::kAverage, {{3, 9, 7}, 2, 4, stride}, 17, {}, {}};
    problem.x = random.integers(problem.x_size(), -99, 99);
    problem.dy = random.integers(problem.y_size(), -99, 99);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_pool2d<double>(problem);
    on_every_instruction_set([&] {
      const Pool2dOutputs actual = run_pool2d(problem);
      expect_exact("y", expected.y, actual.y);
      expect_exact("dx", expected.dx, actual.dx);
    });
  }
}

}  // namespace
}  // namespace normlab
