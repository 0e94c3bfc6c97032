#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/awkward_sizes.h"
#include "kernels/instruction_sets.h"
#include "kernels/norm_max_pool_problem.h"

namespace normlab {
namespace {

// Every image and window that fit together, windows of 2 by code of their own, with every number of
// channels; samples, eps and affine take turns.
template <class Visit>
void for_each_awkward_norm(const Visit& visit) {
  std::size_t turn = 0;
  for (const ImageSize& image : kAwkwardImages) {
    for (const int side : {2, 3, 5}) {
      if (side > image.height || side > image.width) continue;
      for (const int channels : kAwkwardChannels) {
        const Shape shape{channels, image.height, image.width};
        ++turn;
        std::size_t size = turn;  // the next that is not too much
        while (too_much(shape, kAwkwardSamples[size % 5])) ++size;
        visit(shape, turn % 2 == 0 ? 1e-5f : 1e-3f, kAwkwardSamples[size % 5], turn % 3 != 0, side);
      }
    }
  }
}

TEST(GroupNormMaxPool, AgreesWithTheReferencesOnEveryInstructionSet) {
  reference::Random random(191);
  for_each_awkward_norm([&](const Shape& shape, float eps, int samples, bool affine, int side) {
    for (int groups = 1; groups <= shape.channels; ++groups) {
      if (shape.channels % groups != 0) continue;
      const GroupNormMaxPoolProblem problem =
          random_group_norm_max_pool(random, {shape, groups, eps}, samples, affine, side);
      SCOPED_TRACE(problem.text());
      const auto expected = reference_group_norm_max_pool<reference::Bounded>(problem);
      on_every_instruction_set([&] {
        const GroupNormOutputs actual = run_group_norm_max_pool(problem);
        expect_within("mean", expected.norm.mean.values, actual.mean);
        expect_within("rstd", expected.norm.rstd.values, actual.rstd);
        expect_within("y", expected.y.values, actual.y);
        expect_within("dx", expected.gradients.dx.values, actual.dx);
        if (affine) {
          expect_within("dgamma", expected.gradients.dgamma, actual.dgamma);
          expect_within("dbeta", expected.gradients.dbeta, actual.dbeta);
        }
      });
    }
  });
}

TEST(BatchNormMaxPool, AgreesWithTheReferencesOnEveryInstructionSet) {
  reference::Random random(192);
  for_each_awkward_norm([&](const Shape& shape, float eps, int samples, bool affine, int side) {
    const BatchNormMaxPoolProblem problem =
        random_batch_norm_max_pool(random, shape, eps, samples, affine, side);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_batch_norm_max_pool<reference::Bounded>(problem);
    on_every_instruction_set([&] {
      const BatchNormOutputs actual = run_batch_norm_max_pool(problem);
      expect_within("y", expected.y.values, actual.y);
      expect_within("dx", expected.gradients.dx.values, actual.dx);
      expect_within("dgamma", expected.gradients.dgamma, actual.dgamma);
      expect_within("dbeta", expected.gradients.dbeta, actual.dbeta);
    });
  });
}

// x is +1 and -1 in equal numbers, so that most windows have several extremes; eps is 3: mean 0,
// variance 1 and rstd 1/2 are exact, and with 2^k numbers in a set so is all that follows.
std::vector<float> signs(reference::Random& random, std::size_t size) {
  std::vector<float> x;
  for (std::size_t i = 0; i < size; i += 2) {
    const float sign = random.integer(0, 1) == 0 ? -1.0f : 1.0f;
    x.insert(x.end(), {sign, -sign});
  }
  return x;
}

std::vector<float> powers_of_two(reference::Random& random, std::size_t size) {
  std::vector<float> gamma = {0};
  while (gamma.size() < size) {
    gamma.push_back(std::ldexp(random.integer(0, 1) == 0 ? -1.0f : 1.0f, random.integer(-2, 2)));
  }
  return gamma;
}

// The gradient of the input of a ReLU whose output is x: nothing where x is not above 0.
std::vector<double> masked(std::vector<double> dx, const std::vector<float>& x) {
  for (std::size_t i = 0; i < dx.size(); ++i) {
    if (!(x[i] > 0)) dx[i] = 0;
  }
  return dx;
}

TEST(GroupNormMaxPool, IsExactWithWholeNumbersAndGivesTheGradientToTheFirst) {
  reference::Random random(193);
  for (const int side : {2, 3}) {
    for (const int groups : {1, 2, 8}) {
      GroupNormMaxPoolProblem problem{{{{8, 8, 4}, groups, 3.0f}, 17, {}, {}, {}, {}}, side};
      problem.norm.x = signs(random, problem.norm.size());
      problem.norm.gamma = powers_of_two(random, 8);
      problem.norm.beta = random.integers(8, -4, 4);
      problem.norm.dy = random.integers(17 * pooled({8, 8, 4}, side).size(), -4, 4);
      SCOPED_TRACE(problem.text());
      const auto expected = reference_group_norm_max_pool<double>(problem);
      on_every_instruction_set([&] {
        const GroupNormOutputs actual = run_group_norm_max_pool(problem);
        expect_exact("y", expected.y.values, actual.y);
        expect_exact("dx", expected.gradients.dx.values, actual.dx);
        expect_exact("dgamma", expected.gradients.dgamma, actual.dgamma);
        expect_exact("dbeta", expected.gradients.dbeta, actual.dbeta);
        expect_exact("dx after a ReLU", masked(expected.gradients.dx.values, problem.norm.x),
                     run_group_norm_max_pool(problem, true).dx);
      });
    }
  }
}

TEST(BatchNormMaxPool, IsExactWithWholeNumbersAndGivesTheGradientToTheFirst) {
  reference::Random random(194);
  for (const int side : {2, 3}) {
    BatchNormMaxPoolProblem problem{{{10, 8, 4}, 3.0f, 32, {}, {}, {}, {}}, side};
    problem.norm.x = signs(random, problem.norm.size());
    problem.norm.gamma = powers_of_two(random, 10);
    problem.norm.beta = random.integers(10, -4, 4);
    problem.norm.dy = random.integers(32 * pooled({10, 8, 4}, side).size(), -4, 4);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_batch_norm_max_pool<double>(problem);
    on_every_instruction_set([&] {
      const BatchNormOutputs actual = run_batch_norm_max_pool(problem);
      expect_exact("y", expected.y.values, actual.y);
      expect_exact("dx", expected.gradients.dx.values, actual.dx);
      expect_exact("dgamma", expected.gradients.dgamma, actual.dgamma);
      expect_exact("dbeta", expected.gradients.dbeta, actual.dbeta);
      expect_exact("dx after a ReLU", masked(expected.gradients.dx.values, problem.norm.x),
                   run_batch_norm_max_pool(problem, true).dx);
    });
  }
}

// With running statistics a number that is none spoils its own window and no other.
TEST(BatchNormMaxPool, PassesOnWhatIsNoNumber) {
  const Shape shape{1, 3, 5};
  const float mean = 1.5f, rstd = 0.5f, beta = 3;
  on_every_instruction_set([&] {
    for (const float gamma : {2.0f, 0.0f, -2.0f}) {
      for (const std::size_t where : {0u, 1u, 5u, 6u}) {
        std::vector<float> values(15, 1.0f);
        values[3] = 2.0f;
        values[where] = std::numeric_limits<float>::quiet_NaN();
        GuardedTiles x(shape, 1, values), y({1, 1, 2}, 1), extremes({1, 1, 2}, 1);
        batch_norm_max_pool_forward(y.tile(0), extremes.tile(0), x.tile(0),
                                    {&gamma, &beta, &mean, &rstd}, shape, 2);
        const std::vector<float> actual = y.values("y");
        EXPECT_TRUE(std::isnan(actual.at(0))) << gamma << ", " << where;
        // Of 1, 2, 1, 1: gamma 2 takes the 2, gamma -2 a 1.
        EXPECT_EQ(actual.at(1), gamma == 0 ? 3.0f : 3.5f) << gamma << ", " << where;
      }
    }
  });
}

}  // namespace
}  // namespace normlab
