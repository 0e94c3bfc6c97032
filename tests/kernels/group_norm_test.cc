#include "normlab/kernels/group_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/awkward_sizes.h"
#include "kernels/group_norm_problem.h"
#include "kernels/instruction_sets.h"
#include "kernels/variance_limits.h"

namespace normlab {
namespace {

template <class Visit>
void for_each_awkward_group_norm(const Visit& visit) {
  int turn = 0;
  for (const ImageSize& image : kAwkwardImages) {
    for (const int channels : kAwkwardChannels) {
      for (int groups = 1; groups <= channels; ++groups) {
        if (channels % groups != 0) continue;
        for (const int samples : kAwkwardSamples) {
          const float eps = turn % 2 == 0 ? 1e-5f : 1e-3f;
          const bool affine = turn / 2 % 2 == 0;
          ++turn;
          const Shape shape{channels, image.height, image.width};
          if (too_much(shape, samples)) continue;
          visit(GroupNormShape{shape, groups, eps}, samples, affine);
        }
      }
    }
  }
}

TEST(GroupNorm, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(111);
  for_each_awkward_group_norm([&](const GroupNormShape& shape, int samples, bool affine) {
    const GroupNormProblem problem = random_group_norm(random, shape, samples, affine);
    SCOPED_TRACE(problem.text());
    // A single number is its own mean: xhat and its gradients are 0 but for rounding. Two are +1
    // and -1 wherever they lie, and their gradient is 0 but for eps.
    const std::size_t set = shape.shape.size() / static_cast<std::size_t>(shape.groups);
    const double looseness = set <= 2 ? 0 : kLooseness;
    const auto expected = reference_group_norm<reference::Bounded>(problem);
    on_every_instruction_set([&] {
      const GroupNormOutputs actual = run_group_norm(problem);
      expect_within("mean", expected.forward.mean.values, actual.mean);
      expect_within("rstd", expected.forward.rstd.values, actual.rstd, looseness);
      expect_within("y", expected.forward.y.values, actual.y, looseness);
      expect_within("dx", expected.gradients.dx.values, actual.dx, looseness);
      if (affine) {
        expect_within("dgamma", expected.gradients.dgamma, actual.dgamma, looseness);
        expect_within("dbeta", expected.gradients.dbeta, actual.dbeta);
      }
    });
  });
}

// x is +1 and -1 in equal numbers in every group of 2^k, eps is 3: mean 0, variance 1 and rstd 1/2
// are exact, and so is all that follows from powers of two and small whole numbers.
TEST(GroupNorm, IsExactWithWholeNumbers) {
  reference::Random random(112);
  for (const int groups : {1, 2, 8}) {
    for (const int samples : kAwkwardSamples) {
      GroupNormProblem problem{{{8, 4, 2}, groups, 3.0f}, samples, {}, {}, {}, {}};
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
      const auto expected = reference_group_norm<double>(problem);
      on_every_instruction_set([&] {
        const GroupNormOutputs actual = run_group_norm(problem);
        expect_exact("mean", expected.forward.mean.values, actual.mean);
        expect_exact("rstd", expected.forward.rstd.values, actual.rstd);
        expect_exact("y", expected.forward.y.values, actual.y);
        expect_exact("dx", expected.gradients.dx.values, actual.dx);
        expect_exact("dgamma", expected.gradients.dgamma, actual.dgamma);
        expect_exact("dbeta", expected.gradients.dbeta, actual.dbeta);
      });
    }
  }
}

TEST(GroupNorm, KeepsItsVarianceFarFromZero) {
  reference::Random random(113);
  for (const int groups : {1, 2, 4}) {
    GroupNormProblem problem =
        random_group_norm(random, {{4, 7, 5}, groups, 1e-5f}, 17, /*affine=*/false);
    problem.x = random.normals(problem.size(), 1e4f, 1.0f);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_group_norm<reference::Bounded>(problem);
    const double n = 140.0 / groups;
    on_every_instruction_set([&] {
      const GroupNormOutputs actual = run_group_norm(problem);
      expect_within("mean", expected.forward.mean.values, actual.mean);
      ASSERT_EQ(actual.rstd.size(), expected.forward.rstd.values.size());
      for (std::size_t i = 0; i < actual.rstd.size(); ++i) {
        const double rstd = expected.forward.rstd.values[i].value;
        const VarianceLimits limits{n, 1e4, 1 / (rstd * rstd)};
        // rstd = var^(-1/2): half the relative error, and at most all of it when that is large;
        // three roundings follow.
        const double limit = limits.two_sweeps() + 3 * reference::kRounding;
        ASSERT_LT(limit, 0.05) << "too loose to prove anything";
        EXPECT_NEAR(static_cast<double>(actual.rstd[i]) / rstd, 1.0, limit) << "rstd " << i;
      }
    });
  }
}

TEST(GroupNorm, ConstantInputBecomesBeta) {
  for (const float value : {0.0f, 1.0f, -3.0f, 1e4f}) {
    GroupNormProblem problem{{{8, 4, 4}, 2, 1e-5f}, 17, {}, {}, {}, {}};
    problem.x.assign(problem.size(), value);
    problem.gamma = {1, 2, 3, 4, 5, 6, 7, 8};
    problem.beta = {-1, 2, -3, 4, -5, 6, -7, 8};
    reference::Random random(114);
    problem.dy = random.integers(problem.size(), -4, 4);
    on_every_instruction_set([&] {
      const GroupNormOutputs actual = run_group_norm(problem);
      // 64 equal numbers: sum and mean are exact, the variance is 0, and only eps is left.
      const float rstd = 1.0f / std::sqrt(1e-5f);
      expect_same_bits("mean", std::vector<float>(34, value), actual.mean);
      expect_same_bits("rstd", std::vector<float>(34, rstd), actual.rstd);
      std::vector<double> beta;
      for (std::size_t i = 0; i < problem.size(); ++i) {
        beta.push_back(static_cast<double>(problem.beta[i / 16 % 8]));
      }
      expect_exact("y", beta, actual.y);
      expect_exact("dgamma", std::vector<double>(8, 0.0), actual.dgamma);
    });
  }
}

TEST(GroupNorm, WorksInPlace) {
  reference::Random random(115);
  const GroupNormProblem problem = random_group_norm(random, {{6, 5, 3}, 3, 1e-5f}, 16, true);
  on_every_instruction_set([&] {
    const GroupNormOutputs apart = run_group_norm(problem);
    GuardedTiles x(problem.shape.shape, 16, problem.x);
    GuardedTiles y(problem.shape.shape, 16, problem.x);
    GuardedTiles mean({3, 1, 1}, 16), rstd({3, 1, 1}, 16);
    group_norm_forward(y.tile(0), mean.tile(0), rstd.tile(0), y.tile(0),
                       {problem.gamma.data(), problem.beta.data()}, problem.shape);
    expect_same_bits("y in place", apart.y, y.values("y"));
    GuardedTiles dx(problem.shape.shape, 16, problem.dy);
    GuardedFloats dgamma(6), dbeta(6);
    group_norm_backward(dx.tile(0), dgamma.data(), dbeta.data(),
                        {dx.tile(0), x.tile(0), problem.gamma.data(), mean.tile(0), rstd.tile(0)},
                        16, problem.shape);
    expect_same_bits("dx in place", apart.dx, dx.values("dx"));
    expect_same_bits("dgamma in place", apart.dgamma, dgamma.values());
    expect_same_bits("dbeta in place", apart.dbeta, dbeta.values());
  });
}

}  // namespace
}  // namespace normlab
