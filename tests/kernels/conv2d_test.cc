#include "normlab/kernels/conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "kernels/awkward_conv2d.h"
#include "kernels/conv2d_problem.h"
#include "kernels/instruction_sets.h"

namespace normlab {
namespace {

TEST(Conv2d, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(101);
  std::set<int> samples_seen, channels_seen, outputs_seen;
  for_each_awkward_conv2d([&](const Conv2dShape& shape, int samples, bool bias) {
    samples_seen.insert(samples);
    channels_seen.insert(shape.input.channels);
    outputs_seen.insert(shape.out_channels);
    const Conv2dProblem problem = random_conv2d(random, shape, samples, bias);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_conv2d<reference::Bounded>(problem);
    on_every_instruction_set([&] {
      const Conv2dOutputs actual = run_conv2d(problem);
      expect_within("y", expected.y, actual.y);
      expect_within("dx", expected.gradients.dx.values, actual.dx);
      expect_within("dw", expected.gradients.dw.values, actual.dw);
      expect_within("dbias", expected.gradients.dbias, actual.dbias);
    });
  });
  EXPECT_EQ(samples_seen.size(), std::size(kAwkwardSamples));
  EXPECT_EQ(channels_seen.size(), std::size(kAwkwardChannels));
  EXPECT_EQ(outputs_seen.size(), std::size(kAwkwardChannels));
}

// With small whole numbers no sum leaves the 24 bits of a float: nothing is rounded, and one term
// too many, too few or in the wrong place cannot hide.
void expect_exact_with_whole_numbers(reference::Random& random, const Conv2dShape& shape,
                                     int samples, bool bias) {
  const Conv2dProblem problem = whole_conv2d(random, shape, samples, bias);
  SCOPED_TRACE(problem.text());
  const auto expected = reference_conv2d<double>(problem);
  on_every_instruction_set([&] {
    const Conv2dOutputs actual = run_conv2d(problem);
    expect_exact("y", expected.y, actual.y);
    expect_exact("dx", expected.gradients.dx.values, actual.dx);
    expect_exact("dw", expected.gradients.dw.values, actual.dw);
    expect_exact("dbias", expected.gradients.dbias, actual.dbias);
  });
}

TEST(Conv2d, IsExactWithWholeNumbers) {
  reference::Random random(102);
  for_each_awkward_conv2d([&](const Conv2dShape& shape, int samples, bool bias) {
    expect_exact_with_whole_numbers(random, shape, samples, bias);
  });
}

// A linear layer's gradient of the weights goes its own way, many inputs at a time.
TEST(Conv2d, IsExactWithWholeNumbersForLinearLayers) {
  reference::Random random(109);
  for (const int inputs : {1, 15, 64, 65, 150}) {
    for (const int outputs : {1, 6}) {
      for (const int samples : kAwkwardSamples) {
        expect_exact_with_whole_numbers(random, {{inputs, 1, 1}, outputs}, samples, outputs > 1);
      }
    }
  }
}

// The header promises the order c, ky, kx for each output number, one fused multiply-add per term.
TEST(Conv2d, AddsTheTermsInThePromisedOrder) {
  reference::Random random(103);
  const Conv2dProblem problem = random_conv2d(random, {{10, 9, 7}, 10, 3, 3, 1, 1}, 3, true);
  const Conv2dShape& shape = problem.shape;
  const Shape out = shape.output();
  std::vector<float> expected;
  for (int n = 0; n < problem.samples; ++n) {
    for (int o = 0; o < out.channels; ++o) {
      for (int i = 0; i < out.height; ++i) {
        for (int j = 0; j < out.width; ++j) {
          float sum = problem.bias[static_cast<std::size_t>(o)];
          for (int c = 0; c < shape.input.channels; ++c) {
            for (int ky = 0; ky < 3; ++ky) {
              for (int kx = 0; kx < 3; ++kx) {
                const int row = i + ky - 1;
                const int column = j + kx - 1;
                if (row < 0 || row >= shape.input.height) continue;
                if (column < 0 || column >= shape.input.width) continue;
                const int x_at = ((n * 10 + c) * shape.input.height + row) * shape.input.width;
                const int w_at = ((o * 10 + c) * 3 + ky) * 3 + kx;
                sum = std::fma(problem.w[static_cast<std::size_t>(w_at)],
                               problem.x[static_cast<std::size_t>(x_at + column)], sum);
              }
            }
          }
          expected.push_back(sum);
        }
      }
    }
  }
  on_every_instruction_set([&] {
    if (has_fused_multiply_add()) expect_same_bits("y", expected, run_conv2d(problem).y);
  });
}

}  // namespace
}  // namespace normlab
