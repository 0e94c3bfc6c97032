#include "normlab/kernels/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/awkward_sizes.h"
#include "kernels/batch_norm_problem.h"
#include "kernels/instruction_sets.h"
#include "kernels/variance_limits.h"

namespace normlab {
namespace {

// Mean and biased variance as floats, so that they are compared like all other outputs.
std::vector<float> means(const std::vector<Moments>& moments) {
  std::vector<float> result;
  for (const Moments& channel : moments) result.push_back(static_cast<float>(channel.mean));
  return result;
}
std::vector<float> variances(const std::vector<Moments>& moments) {
  std::vector<float> result;
  for (const Moments& channel : moments) {
    result.push_back(static_cast<float>(channel.squares / channel.count));
  }
  return result;
}

TEST(BatchNorm, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(121);
  int turn = 0;
  for (const ImageSize& image : kAwkwardImages) {
    for (const int channels : kAwkwardChannels) {
      for (const int samples : kAwkwardSamples) {
        const float eps = turn % 2 == 0 ? 1e-5f : 1e-3f;
        const bool affine = turn / 2 % 2 == 0;
        ++turn;
        const Shape shape{channels, image.height, image.width};
        if (too_much(shape, samples)) continue;
        const BatchNormProblem problem = random_batch_norm(random, shape, eps, samples, affine);
        SCOPED_TRACE(problem.text());
        // A single number is its own mean: xhat and its gradients are 0 but for rounding.
        const double looseness = problem.count() == 1 ? 0 : kLooseness;
        const auto expected = reference_batch_norm<reference::Bounded>(problem);
        on_every_instruction_set([&] {
          const BatchNormOutputs actual = run_batch_norm(problem);
          for (const Moments& moments : actual.moments) EXPECT_EQ(moments.count, problem.count());
          expect_within("mean", expected.forward.mean, means(actual.moments));
          expect_within("var", expected.forward.var, variances(actual.moments), looseness);
          expect_within("y", expected.forward.y.values, actual.y, affine ? kLooseness : looseness);
          expect_within("dx", expected.gradients.dx.values, actual.dx, looseness);
          expect_within("dgamma", expected.gradients.dgamma, actual.dgamma, looseness);
          expect_within("dbeta", expected.gradients.dbeta, actual.dbeta);
        });
      }
    }
  }
}

// x is +1 and -1 in equal numbers in every channel, eps is 3: mean 0, variance 1 and rstd 1/2 are
// exact, and with 2^k numbers in a channel so is all that follows.
TEST(BatchNorm, IsExactWithWholeNumbers) {
  reference::Random random(122);
  for (const int samples : {1, 16, 32, 64}) {
    BatchNormProblem problem{{10, 4, 2}, 3.0f, samples, {}, {}, {}, {}};
    for (std::size_t i = 0; i < problem.size(); i += 2) {
      const float sign = random.integer(0, 1) == 0 ? -1.0f : 1.0f;
      problem.x.insert(problem.x.end(), {sign, -sign});
    }
    for (std::size_t c = 0; c < problem.channels(); ++c) {
      problem.gamma.push_back(std::ldexp(1.0f, random.integer(-2, 2)));
    }
    problem.beta = random.integers(problem.channels(), -4, 4);
    problem.dy = random.integers(problem.size(), -4, 4);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_batch_norm<double>(problem);
    on_every_instruction_set([&] {
      const BatchNormOutputs actual = run_batch_norm(problem);
      expect_exact("mean", expected.forward.mean, means(actual.moments));
      expect_exact("var", expected.forward.var, variances(actual.moments));
      expect_exact("y", expected.forward.y.values, actual.y);
      expect_exact("dx", expected.gradients.dx.values, actual.dx);
      expect_exact("dgamma", expected.gradients.dgamma, actual.dgamma);
      expect_exact("dbeta", expected.gradients.dbeta, actual.dbeta);
    });
  }
}

TEST(BatchNorm, KeepsItsStatisticsFarFromZero) {
  reference::Random random(123);
  for (const int samples : {2, 17, 48}) {
    BatchNormProblem problem = random_batch_norm(random, {3, 7, 5}, 1e-5f, samples, true);
    problem.x = random.normals(problem.size(), 1e4f, 1.0f);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_batch_norm<double>(problem);
    on_every_instruction_set([&] {
      const BatchNormOutputs actual = run_batch_norm(problem);
      for (std::size_t c = 0; c < problem.channels(); ++c) {
        const double mean = expected.forward.mean[c];
        const double var = expected.forward.var[c];
        // Every tile is summed by itself (560 numbers at most) and merged in double.
        const VarianceLimits limits{std::min(problem.count(), 560.0), mean, var};
        ASSERT_LT(limits.corrected(), 1e-3) << "too loose to prove anything";
        const Moments& moments = actual.moments[c];
        EXPECT_NEAR(moments.squares / moments.count / var, 1.0, limits.corrected());
        // The mean is found around a rounded mean that may be off by n u |mean|; what is left over
        // is a sum of numbers of that size and of the deviations.
        const double nu = limits.n * reference::kRounding;
        const double mean_limit = nu * (std::sqrt(var) + nu * mean);
        ASSERT_LT(mean_limit, 1e-3);
        EXPECT_NEAR(moments.mean, mean, mean_limit);

        // y works with the mean rounded to a float, and so is off by as much of it.
        const double gamma = std::abs(static_cast<double>(problem.gamma[c]));
        const double slope = gamma * expected.forward.rstd[c];
        for (std::size_t n = 0; n < static_cast<std::size_t>(samples); ++n) {
          for (std::size_t i = 0; i < 35; ++i) {
            const std::size_t at = (n * 3 + c) * 35 + i;
            const double y = expected.forward.y.values[at];
            const double centred = std::abs(y - static_cast<double>(problem.beta[c]));
            const double limit = slope * (mean_limit + reference::kRounding * mean) +
                                 centred * (limits.corrected() + 4 * reference::kRounding) +
                                 reference::kRounding * std::abs(y);
            ASSERT_NEAR(static_cast<double>(actual.y[at]), y, limit) << "y " << at;
          }
        }
      }
    });
  }
}

TEST(BatchNorm, ConstantInputBecomesBeta) {
  for (const float value : {0.0f, 1.0f, -3.0f, 1e4f}) {
    BatchNormProblem problem{{3, 4, 4}, 1e-5f, 17, {}, {}, {}, {}};
    problem.x.assign(problem.size(), value);
    problem.gamma = {1, 2, 3};
    problem.beta = {-1, 2, -3};
    reference::Random random(124);
    problem.dy = random.integers(problem.size(), -4, 4);
    on_every_instruction_set([&] {
      const BatchNormOutputs actual = run_batch_norm(problem);
      for (const Moments& moments : actual.moments) {
        EXPECT_EQ(moments.mean, static_cast<double>(value));
        EXPECT_EQ(moments.squares, 0.0);
      }
      std::vector<double> beta;
      for (std::size_t i = 0; i < problem.size(); ++i) {
        beta.push_back(static_cast<double>(problem.beta[i / 16 % 3]));
      }
      expect_exact("y", beta, actual.y);
      expect_exact("dgamma", std::vector<double>(3, 0.0), actual.dgamma);
    });
  }
}

TEST(BatchNorm, MergesMoments) {
  // (1, 3) and (7, 8, 9): together mean 5.6 and sum of squares 47.2.
  const Moments merged = Moments{2, 2, 2}.merged_with({3, 8, 2});
  EXPECT_EQ(merged.count, 5);
  EXPECT_DOUBLE_EQ(merged.mean, 5.6);
  EXPECT_DOUBLE_EQ(merged.squares, 47.2);
  // Nothing at all changes nothing, from either side.
  for (const Moments& same : {Moments{}.merged_with({2, 5, 7}), Moments{2, 5, 7}.merged_with({})}) {
    EXPECT_EQ(same.count, 2);
    EXPECT_EQ(same.mean, 5);
    EXPECT_EQ(same.squares, 7);
  }
}

TEST(BatchNorm, WorksInPlace) {
  reference::Random random(125);
  const BatchNormProblem problem = random_batch_norm(random, {5, 3, 5}, 1e-5f, 16, true);
  on_every_instruction_set([&] {
    const BatchNormOutputs apart = run_batch_norm(problem);
    const std::vector<float> mean = means(apart.moments);
    std::vector<float> rstd;
    for (const Moments& moments : apart.moments) {
      rstd.push_back(static_cast<float>(
          1 / std::sqrt(moments.squares / moments.count + static_cast<double>(problem.eps))));
    }
    GuardedTiles y(problem.shape, 16, problem.x);
    batch_norm_forward(y.tile(0), y.tile(0),
                       {problem.gamma.data(), problem.beta.data(), mean.data(), rstd.data()},
                       problem.shape);
    expect_same_bits("y in place", apart.y, y.values("y"));
    GuardedTiles x(problem.shape, 16, problem.x);
    GuardedTiles dx(problem.shape, 16, problem.dy);
    batch_norm_backward_input(
        dx.tile(0), {dx.tile(0), x.tile(0), problem.gamma.data(), mean.data(), rstd.data()},
        apart.dgamma.data(), apart.dbeta.data(), problem.count(), problem.shape);
    expect_same_bits("dx in place", apart.dx, dx.values("dx"));
  });
}

}  // namespace
}  // namespace normlab
