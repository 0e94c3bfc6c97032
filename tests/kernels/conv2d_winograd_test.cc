#include "normlab/kernels/conv2d_winograd.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/awkward_sizes.h"
#include "kernels/conv2d_functions.h"
#include "kernels/conv2d_problem.h"
#include "kernels/instruction_sets.h"
#include "reference/winograd.h"

namespace normlab {
namespace {

using reference::Bounded;

// Every awkward image, kernel height and padding; batch sizes and channels take turns.
template <class Visit>
void for_each_awkward_winograd(const Visit& visit) {
  constexpr int kChannels[] = {4, 5, 8, 10, 31};
  constexpr std::size_t kMostProducts = 1'500'000;
  int turn = 0;
  for (const ImageSize& image : {ImageSize{1, 1}, {3, 5}, {7, 7}, {13, 9}, {10, 26}, {3, 125}}) {
    for (const int kernel_height : {1, 2, 3, 5}) {
      for (const int padding : {0, 1, 2}) {
        if (image.height + 2 * padding < kernel_height || image.width + 2 * padding < 3) continue;
        if (padding >= kernel_height) continue;  // rows that see nothing but zeros: no such model
        for (;;) {
          turn = (turn + 37) % 250;
          const int samples = kAwkwardSamples[turn % 5];
          const Conv2dShape shape{{kChannels[turn / 5 % 5], image.height, image.width},
                                  kChannels[turn / 25 % 5],
                                  kernel_height,
                                  3,
                                  1,
                                  padding};
          const std::size_t products = static_cast<std::size_t>(samples) * shape.weights() *
                                       static_cast<std::size_t>(shape.output().pixels());
          if (products > kMostProducts) continue;
          ASSERT_TRUE(conv2d_winograd_fits(shape));
          visit(shape, samples, turn / 125 == 1);
          break;
        }
      }
    }
  }
}

// The limits are those of the same formula evaluated in float (reference/bounded.h).
TEST(Conv2dWinograd, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(104);
  for_each_awkward_winograd([&](const Conv2dShape& shape, int samples, bool bias) {
    const Conv2dProblem problem = random_conv2d(random, shape, samples, bias);
    SCOPED_TRACE(problem.text());
    const Shape out = shape.output();
    const auto x = exactly<Bounded>(problem.x, samples, shape.input.channels, shape.input.height,
                                    shape.input.width);
    const auto w = exactly<Bounded>(problem.w, shape.out_channels, shape.input.channels,
                                    shape.kernel_height, shape.kernel_width);
    const auto dy = exactly<Bounded>(problem.dy, samples, out.channels, out.height, out.width);
    const auto y = winograd_conv2d(x, w, exactly<Bounded>(problem.bias), shape.padding);
    const auto gradients = winograd_conv2d_backward(dy, x, w, shape.padding);
    on_every_instruction_set([&] {
      const Conv2dOutputs actual = run_conv2d_by(problem, kWinograd);
      expect_within("y", y.values, actual.y);
      expect_within("dx", gradients.dx.values, actual.dx);
      expect_within("dw", gradients.dw.values, actual.dw);
    });
  });
}

// The limits above hold for the worst case. What is typical is said in conv2d_winograd.h: about
// twice the direct sum's distance from the exact one; under four times is demanded.
TEST(Conv2dWinograd, IsAboutAsExactAsTheDirectSum) {
  reference::Random random(105);
  for (const int channels : {8, 24}) {
    const Conv2dProblem problem =
        random_conv2d(random, {{channels, 13, 13}, 16, 3, 3, 1, 1}, 16, false);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_conv2d<double>(problem);
    const Conv2dOutputs direct = run_conv2d(problem);
    const Conv2dOutputs winograd = run_conv2d_by(problem, kWinograd);
    const auto expect_close = [&](const char* name, const std::vector<double>& exact,
                                  const std::vector<float>& ours, const std::vector<float>& plain) {
      EXPECT_LE(relative_distance(exact, ours), 4 * relative_distance(exact, plain)) << name;
      EXPECT_LE(relative_distance(exact, ours), 1e-6) << name;
    };
    expect_close("y", expected.y, winograd.y, direct.y);
    expect_close("dx", expected.gradients.dx.values, winograd.dx, direct.dx);
    expect_close("dw", expected.gradients.dw.values, winograd.dw, direct.dw);
  }
}

TEST(Conv2dWinograd, FitsWhereTheFormulaHoldsAndPays) {
  const Conv2dShape good{{8, 9, 9}, 16, 3, 3, 1, 1};
  EXPECT_TRUE(conv2d_winograd_fits(good));
  for (const auto& change : std::initializer_list<void (*)(Conv2dShape&)>{
           [](Conv2dShape& s) { s.stride = 2; }, [](Conv2dShape& s) { s.kernel_width = 5; },
           [](Conv2dShape& s) { s.kernel_width = 1; }, [](Conv2dShape& s) { s.padding = 3; },
           [](Conv2dShape& s) { s.kernel_height = 8; }, [](Conv2dShape& s) { s.out_channels = 3; },
           [](Conv2dShape& s) { s.input.channels = 1; }}) {
    Conv2dShape shape = good;
    change(shape);
    EXPECT_FALSE(conv2d_winograd_fits(shape));
  }
}

}  // namespace
}  // namespace normlab
