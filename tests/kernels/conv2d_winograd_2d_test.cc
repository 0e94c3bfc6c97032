#include "normlab/kernels/conv2d_winograd_2d.h"

#include <gtest/gtest.h>

#include "kernels/awkward_sizes.h"
#include "kernels/conv2d_functions.h"
#include "kernels/conv2d_problem.h"
#include "kernels/instruction_sets.h"
#include "reference/winograd_2d.h"

namespace normlab {
namespace {

using reference::Bounded;

// Every awkward image, stride, kernel and padding; batch sizes and channels take turns, and so does
// the kernel's width. The functions are right for any number of channels.
template <class Visit>
void for_each_awkward_shape(const Visit& visit) {
  constexpr int kChannels[] = {1, 5, 8, 18, 33};
  constexpr int kTurns = 5 * 5 * 5 * 2 * 3;
  constexpr std::size_t kMostProducts = 1'000'000;
  int turn = 0;
  for (const ImageSize& image : {ImageSize{1, 1}, {3, 5}, {7, 7}, {13, 9}, {10, 26}}) {
    for (const int stride : {1, 2, 3}) {
      // With one, all but one and all of the remainders by the stride that have three taps.
      const int kernels[] = {2 * stride + 1, 3 * stride - (stride > 1), 3 * stride};
      for (const int kernel : kernels) {
        for (const int padding : {0, 1, kernel / 2, kernel - 1}) {
          if (image.height + 2 * padding < kernel || image.width + 2 * padding < kernel) continue;
          for (;;) {
            turn = (turn + 37) % kTurns;  // which have no common divisor
            const int samples = kAwkwardSamples[turn % 5];
            const Conv2dShape shape{{kChannels[turn / 5 % 5], image.height, image.width},
                                    kChannels[turn / 25 % 5],
                                    kernel,
                                    kernels[turn / 250],
                                    stride,
                                    padding};
            if (image.width + 2 * padding < shape.kernel_width) continue;  // the next turn's fits
            const std::size_t products = static_cast<std::size_t>(samples) * shape.weights() *
                                         static_cast<std::size_t>(shape.output().pixels());
            if (products > kMostProducts) continue;
            visit(shape, samples, turn / 125 % 2 == 1);
            break;
          }
        }
      }
    }
  }
}

// The limits are those of the same formula evaluated in float (reference/bounded.h).
TEST(Conv2dWinograd2d, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(106);
  for_each_awkward_shape([&](const Conv2dShape& shape, int samples, bool bias) {
    const Conv2dProblem problem = random_conv2d(random, shape, samples, bias);
    SCOPED_TRACE(problem.text());
    const Shape out = shape.output();
    const reference::Conv2d options{shape.stride, shape.padding};
    const auto x = exactly<Bounded>(problem.x, samples, shape.input.channels, shape.input.height,
                                    shape.input.width);
    const auto w = exactly<Bounded>(problem.w, shape.out_channels, shape.input.channels,
                                    shape.kernel_height, shape.kernel_width);
    const auto dy = exactly<Bounded>(problem.dy, samples, out.channels, out.height, out.width);
    const auto y = winograd_2d_conv2d(x, w, exactly<Bounded>(problem.bias), options);
    const auto gradients = winograd_2d_conv2d_backward(dy, x, w, options);
    on_every_instruction_set([&] {
      const Conv2dOutputs actual = run_conv2d_by(problem, kWinograd2d);
      expect_within("y", y.values, actual.y);
      expect_within("dx", gradients.dx.values, actual.dx);
      expect_within("dw", gradients.dw.values, actual.dw);
    });
  });
}

// The limits above hold for the worst case; this is what is typical, as conv2d_winograd_2d.h says.
TEST(Conv2dWinograd2d, IsNotMuchCoarserThanTheDirectSum) {
  reference::Random random(107);
  for (const Conv2dShape& shape :
       {Conv2dShape{{32, 13, 13}, 32, 3, 3, 1, 1}, Conv2dShape{{64, 8, 8}, 40, 3, 3, 1, 1},
        Conv2dShape{{16, 14, 14}, 32, 5, 5, 2, 2}}) {
    const Conv2dProblem problem = random_conv2d(random, shape, 16, false);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_conv2d<double>(problem);
    const Conv2dOutputs direct = run_conv2d(problem);
    const Conv2dOutputs winograd = run_conv2d_by(problem, kWinograd2d);
    const auto expect_close = [&](const char* name, const std::vector<double>& exact,
                                  const std::vector<float>& ours, double limit) {
      EXPECT_LE(relative_distance(exact, ours), limit) << name;
    };
    const auto& [dx, dw, dbias] = expected.gradients;
    expect_close("y", expected.y, winograd.y, 8 * relative_distance(expected.y, direct.y));
    expect_close("dx", dx.values, winograd.dx, 8 * relative_distance(dx.values, direct.dx));
    expect_close("dw", dw.values, winograd.dw, 2.5e-6);
  }
}

TEST(Conv2dWinograd2d, FitsWhereTheFormulaHoldsAndPays) {
  const Conv2dShape good{{32, 16, 16}, 32, 3, 3, 1, 1};
  const Conv2dShape strided{{8, 28, 28}, 32, 5, 5, 2, 2};  // four phases of eight channels
  EXPECT_TRUE(conv2d_winograd_2d_fits(good));
  EXPECT_TRUE(conv2d_winograd_2d_fits(strided));
  EXPECT_TRUE(conv2d_winograd_2d_backward_input_fits(strided));
  for (const auto& change : std::initializer_list<void (*)(Conv2dShape&)>{
           [](Conv2dShape& s) { s.kernel_width = 4; }, [](Conv2dShape& s) { s.kernel_height = 1; },
           [](Conv2dShape& s) { s.stride = 2; }, [](Conv2dShape& s) { s.out_channels = 31; },
           [](Conv2dShape& s) { s.input.channels = 31; },
           [](Conv2dShape& s) { s.input.height = 1; },
           [](Conv2dShape& s) {
             s = {{32, 90, 90}, 32, 19, 19, 9, 0};
           }}) {
    Conv2dShape shape = good;
    change(shape);
    EXPECT_FALSE(conv2d_winograd_2d_fits(shape));
  }
}

// What a network calls takes this algorithm where it fits, and F(4,3) along rows elsewhere.
TEST(Conv2dWinograd2d, IsTakenWhereItFits) {
  reference::Random random(108);
  for (const Conv2dShape& shape :
       {Conv2dShape{{32, 8, 8}, 33, 3, 3, 1, 1}, Conv2dShape{{8, 14, 14}, 32, 5, 5, 2, 2}}) {
    const Conv2dProblem problem = random_conv2d(random, shape, 5, true);
    SCOPED_TRACE(problem.text());
    ASSERT_TRUE(conv2d_winograd_fits(shape));
    ASSERT_TRUE(conv2d_winograd_backward_input_fits(shape));
    const Conv2dOutputs chosen = run_conv2d_by(problem, kWinograd);
    const Conv2dOutputs expected = run_conv2d_by(problem, kWinograd2d);
    expect_same_bits("y", expected.y, chosen.y);
    expect_same_bits("dx", expected.dx, chosen.dx);
    expect_same_bits("dw", expected.dw, chosen.dw);
  }
  const Conv2dShape narrow{{8, 8, 8}, 8, 3, 3, 1, 1};
  const Conv2dProblem problem = random_conv2d(random, narrow, 5, true);
  EXPECT_NE(run_conv2d_by(problem, kWinograd).y, run_conv2d_by(problem, kWinograd2d).y);
}

}  // namespace
}  // namespace normlab
