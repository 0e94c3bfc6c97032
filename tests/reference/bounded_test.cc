#include "reference/bounded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "reference/random.h"

namespace normlab::reference {
namespace {

TEST(Bounded, CoversAFloatSumInAnyOrder) {
  Random random(1);
  for (const std::size_t count : {1u, 2u, 17u, 1000u}) {
    std::vector<float> terms = random.normals(count, 3.0f, 10.0f);
    Sum<Bounded> sum;
    for (const float term : terms) sum.add(static_cast<double>(term));
    const auto float_sum = [&] {
      float total = 0;
      for (const float term : terms) total += term;
      return static_cast<double>(total);
    };
    const Bounded expected = sum.total();
    EXPECT_LE(std::abs(float_sum() - expected.value), expected.error);
    std::sort(terms.begin(), terms.end());
    EXPECT_LE(std::abs(float_sum() - expected.value), expected.error);
    std::reverse(terms.begin(), terms.end());
    EXPECT_LE(std::abs(float_sum() - expected.value), expected.error);
  }
}

// Each operation, in float, on operands that are off by as much as they may be.
TEST(Bounded, CoversEveryOperation) {
  Random random(2);
  for (int round = 0; round < 1000; ++round) {
    const float x = random.uniform(0.5f, 4.0f);
    const float y = random.uniform(-4.0f, -0.5f);
    const double error = 1e-5;
    const Bounded a(static_cast<double>(x), error);
    const Bounded b(static_cast<double>(y), error);
    const auto expect_covered = [](const Bounded& bounded, float result) {
      EXPECT_LE(std::abs(static_cast<double>(result) - bounded.value), bounded.error);
      EXPECT_LT(bounded.error, 1e-3) << "a limit this loose would cover mistakes too";
    };
    for (const float da : {-0.99e-5f, 0.99e-5f}) {
      for (const float db : {-0.99e-5f, 0.99e-5f}) {
        const float moved_x = x + da;
        const float moved_y = y + db;
        // x + da is rounded itself, by up to half a unit in the last place of 4: 2.4e-7.
        const Bounded near_a(a.value, error + 3e-7);
        const Bounded near_b(b.value, error + 3e-7);
        expect_covered(near_a + near_b, moved_x + moved_y);
        expect_covered(near_a - near_b, moved_x - moved_y);
        expect_covered(near_a * near_b, moved_x * moved_y);
        expect_covered(near_a / near_b, moved_x / moved_y);
        expect_covered(sqrt(near_a), std::sqrt(moved_x));
        expect_covered(exp(near_b), std::exp(moved_y));
        expect_covered(log(near_a), std::log(moved_x));
      }
    }
  }
}

TEST(Bounded, SaysSoWhereNothingIsKnown) {
  EXPECT_FALSE(std::isfinite((Bounded(1.0) / Bounded(1e-3, 1e-2)).error));
  EXPECT_FALSE(std::isfinite(log(Bounded(1e-3, 1e-2)).error));
  // The root of something known to lie in [0, 2e-6] lies in [0, 1.5e-3].
  EXPECT_NEAR(sqrt(Bounded(1e-6, 1e-6)).error, 1e-3, 1e-9);
}

}  // namespace
}  // namespace normlab::reference
