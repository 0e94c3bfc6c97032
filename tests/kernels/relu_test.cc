#include "normlab/kernels/relu.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/guarded.h"
#include "kernels/instruction_sets.h"
#include "reference/compare.h"
#include "reference/random.h"
#include "reference/relu.h"

namespace normlab {
namespace {

TEST(Relu, EqualsTheReference) {
  reference::Random random(131);
  for (const int vectors : {1, 2, 3, 35, 784}) {
    const int count = vectors * kLanes;
    // Whole numbers, so that zeros are among them: their gradient is 0.
    const std::vector<float> x = random.integers(static_cast<std::size_t>(count), -2, 2);
    const std::vector<float> dy = random.normals(static_cast<std::size_t>(count), 0.5f, 1.0f);
    const auto expected_y = reference::relu(exactly<double>(x, 1, 1, 1, count));
    const auto expected_dx = reference::relu_backward(exactly<double>(dy, 1, 1, 1, count),
                                                      exactly<double>(x, 1, 1, 1, count));
    on_every_instruction_set([&] {
      GuardedFloats y(x.size()), in_place(x), dx(x.size()), dx_in_place(dy);
      const GuardedFloats input(x), upstream(dy);
      relu_forward(y.data(), input.data(), x.size());
      relu_forward(in_place.data(), in_place.data(), x.size());
      relu_backward(dx.data(), upstream.data(), y.data(), x.size());
      relu_backward(dx_in_place.data(), dx_in_place.data(), y.data(), x.size());
      for (const GuardedFloats* output : {&y, &in_place, &dx, &dx_in_place}) {
        output->expect_intact("relu");
      }
      expect_exact("y", expected_y.values, y.values());
      expect_exact("y in place", expected_y.values, in_place.values());
      expect_exact("dx", expected_dx.values, dx.values());
      expect_exact("dx in place", expected_dx.values, dx_in_place.values());
    });
  }
}

TEST(Relu, KeepsWhatIsNoNumber) {
  on_every_instruction_set([&] {
    GuardedFloats x(std::vector<float>(16, std::numeric_limits<float>::quiet_NaN()));
    x.data()[3] = std::numeric_limits<float>::infinity();
    x.data()[4] = -std::numeric_limits<float>::infinity();
    GuardedFloats y(std::vector<float>(16, 7.0f));
    relu_forward(y.data(), x.data(), 16);
    for (std::size_t i = 0; i < 16; ++i) {
      if (i == 3) {
        EXPECT_EQ(y.data()[i], std::numeric_limits<float>::infinity());
      } else if (i == 4) {
        EXPECT_EQ(y.data()[i], 0.0f);
      } else {
        EXPECT_TRUE(std::isnan(y.data()[i])) << i;
      }
    }
  });
}

}  // namespace
}  // namespace normlab
