#include "normlab/kernels/conv2d_bf16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/awkward_conv2d.h"
#include "kernels/conv2d_functions.h"
#include "kernels/conv2d_problem.h"
#include "kernels/instruction_sets.h"

namespace normlab {
namespace {

const Conv2dFunctions kBf16 = {
    conv2d_bf16_packed,          conv2d_bf16_scratch,
    conv2d_bf16_pack_forward,    conv2d_bf16_pack_backward_input,
    conv2d_bf16_forward,         conv2d_bf16_backward_input,
    conv2d_bf16_backward_weight,
};

// The nearest number of eight bits, of two as near the one whose last bit is 0.
float to_bf16(float value) {
  if (!std::isfinite(value)) return value;
  int exponent;
  const float mantissa = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8);
}

std::vector<float> to_bf16(std::vector<float> values) {
  for (float& value : values) value = to_bf16(value);
  return values;
}

Conv2dProblem to_bf16(Conv2dProblem problem) {
  problem.x = to_bf16(problem.x);
  problem.w = to_bf16(problem.w);
  problem.dy = to_bf16(problem.dy);
  return problem;
}

TEST(Conv2dBf16, AgreesWithTheReferenceOfRoundedNumbersOnEveryInstructionSet) {
  reference::Random random(110);
  for_each_awkward_conv2d([&](const Conv2dShape& shape, int samples, bool bias) {
    if (shape.stride != 1) return;
    const Conv2dProblem problem = random_conv2d(random, shape, samples, bias);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_conv2d<reference::Bounded>(to_bf16(problem));
    on_every_instruction_set([&] {
      const Conv2dOutputs actual = run_conv2d_by(problem, kBf16);
      expect_within("y", expected.y, actual.y);
      expect_within("dx", expected.gradients.dx.values, actual.dx);
      expect_within("dw", expected.gradients.dw.values, actual.dw);
    });
  });
}

TEST(Conv2dBf16, IsExactWithWholeNumbers) {
  reference::Random random(111);
  for_each_awkward_conv2d([&](const Conv2dShape& shape, int samples, bool bias) {
    if (shape.stride != 1) return;
    const Conv2dProblem problem = whole_conv2d(random, shape, samples, bias);
    SCOPED_TRACE(problem.text());
    const auto expected = reference_conv2d<double>(problem);
    on_every_instruction_set([&] {
      const Conv2dOutputs actual = run_conv2d_by(problem, kBf16);
      expect_exact("y", expected.y, actual.y);
      expect_exact("dx", expected.gradients.dx.values, actual.dx);
      expect_exact("dw", expected.gradients.dw.values, actual.dw);
    });
  });
}

// Also where products and sums are too small for a normal float: there the matrix unit has its own
// way, which the others follow.
TEST(Conv2dBf16, GivesTheSameBitsOnInstructionSetsWithFusedMultiplyAdd) {
  reference::Random random(112);
  for (const float scale : {1.0f, 1e-18f, 1e-19f, 1e-22f}) {
    for (const Conv2dShape& shape :
         {Conv2dShape{{8, 9, 9}, 24, 3, 3, 1, 1}, Conv2dShape{{37, 7, 6}, 18, 2, 3, 1, 1},
          Conv2dShape{{5, 6, 8}, 33, 5, 5, 1, 0}}) {
      Conv2dProblem problem = random_conv2d(random, shape, 19, true);
      SCOPED_TRACE(problem.text() + ", scale " + std::to_string(std::log10(scale)));
      for (std::vector<float>* values : {&problem.x, &problem.w, &problem.bias, &problem.dy}) {
        for (float& value : *values) value *= scale;
      }
      for (float& value : problem.bias) value *= scale;
      std::vector<Conv2dOutputs> all;
      on_every_instruction_set([&] {
        if (has_fused_multiply_add()) all.push_back(run_conv2d_by(problem, kBf16));
      });
      for (const Conv2dOutputs& each : all) {
        for (const float value : each.dx) EXPECT_NE(std::fpclassify(value), FP_SUBNORMAL);
        expect_same_bits("y", all[0].y, each.y);
        expect_same_bits("dx", all[0].dx, each.dx);
        expect_same_bits("dw", all[0].dw, each.dw);
      }
    }
  }
}

// The sum of products of pairs as the matrix unit adds it to `sum`: firsts and seconds apart.
float add_products(float sum, const std::vector<float>& a, const std::vector<float>& b) {
  float firsts = 0;
  float seconds = 0;
  for (std::size_t k = 0; k < a.size(); k += 2) {
    firsts = std::fma(a[k], b[k], firsts);
    seconds = std::fma(a[k + 1], b[k + 1], seconds);
  }
  return sum + (firsts + seconds);
}

// The header promises it: rows of the kernel, within them chunks of [KW][C]. With ten channels a
// row is one chunk, with 24 each pixel is.
TEST(Conv2dBf16, AddsTheTermsInThePromisedOrder) {
  reference::Random random(113);
  for (const int channels : {10, 24}) {
    const Conv2dProblem problem =
        to_bf16(random_conv2d(random, {{channels, 7, 6}, 5, 3, 3, 1, 0}, 1, true));
    const int chunk = channels == 10 ? 30 : 24;
    std::vector<float> expected;
    for (int o = 0; o < 5; ++o) {
      for (int i = 0; i < 5; ++i) {
        for (int j = 0; j < 4; ++j) {
          float sum = 0;
          for (int ky = 0; ky < 3; ++ky) {
            for (int first = 0; first < 3 * channels; first += chunk) {
              std::vector<float> a, b;
              for (int k = first; k < first + chunk; ++k) {
                const int kx = k / channels;
                const int c = k % channels;
                a.push_back(
                    problem.w[static_cast<std::size_t>(((o * channels + c) * 3 + ky) * 3 + kx)]);
                b.push_back(problem.x[static_cast<std::size_t>((c * 7 + i + ky) * 6 + j + kx)]);
              }
              sum = add_products(sum, a, b);
            }
          }
          expected.push_back(sum + problem.bias[static_cast<std::size_t>(o)]);
        }
      }
    }
    on_every_instruction_set([&] {
      if (!has_fused_multiply_add()) return;
      expect_same_bits("y", expected, run_conv2d_by(problem, kBf16).y);
    });
  }
}

// Rows of dy, within them two pixels with their samples.
TEST(Conv2dBf16, AddsTheTermsOfAWeightInThePromisedOrder) {
  reference::Random random(114);
  constexpr int kSamples = 13;
  const Conv2dProblem problem =
      to_bf16(random_conv2d(random, {{4, 5, 7}, 4, 2, 3, 1, 0}, kSamples, false));
  std::vector<float> expected;
  for (int o = 0; o < 4; ++o) {
    for (int c = 0; c < 4; ++c) {
      for (int tap = 0; tap < 6; ++tap) {
        float sum = 0;
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 5; j += 2) {
            std::vector<float> a(32), b(32);  // 0 where there is no sample or pixel
            for (int n = 0; n < kSamples; ++n) {
              for (int p = 0; p < 2 && j + p < 5; ++p) {
                const auto at = static_cast<std::size_t>(16 * p + n);
                const int x_at = ((n * 4 + c) * 5 + i + tap / 3) * 7 + j + p + tap % 3;
                a[at] = problem.dy[static_cast<std::size_t>(((n * 4 + o) * 4 + i) * 5 + j + p)];
                b[at] = problem.x[static_cast<std::size_t>(x_at)];
              }
            }
            sum = add_products(sum, a, b);
          }
        }
        expected.push_back(sum);
      }
    }
  }
  on_every_instruction_set([&] {
    if (!has_fused_multiply_add()) return;
    expect_same_bits("dw", expected, run_conv2d_by(problem, kBf16).dw);
  });
}

// One product each: its factors are what the kernel made of the numbers.
TEST(Conv2dBf16, RoundsToTheNearest) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float least = std::numeric_limits<float>::min();
  // Ties, their neighbours, what becomes infinite, and what is too small for a normal float.
  for (const float number :
       {1.0f, 1.00390625f, 1.01171875f, 1.0039063f, 1.0117187f, -1.00390625f, 0.1f, 1e-30f, least,
        0.99999f * least, -0.5f * least, 3.3961775e38f, 3.4e38f, -3.4e38f, infinity, -infinity}) {
    Conv2dProblem problem{{{4, 1, 1}, 4}, 1, {number, 0, 0, 0}, std::vector<float>(16), {}, {}};
    problem.w[0] = 1;
    problem.dy = {0, 0, 0, 0};
    const float expected = std::abs(number) < least ? 0.0f : to_bf16(number);
    on_every_instruction_set(
        [&] { EXPECT_EQ(run_conv2d_by(problem, kBf16).y[0], expected) << number; });
  }
  Conv2dProblem problem{
      {{4, 1, 1}, 4}, 1, std::vector<float>(4), std::vector<float>(16, 1), {}, {}};
  problem.dy = {0, 0, 0, 0};
  for (const std::uint32_t bits : {0x7FC00000u, 0x7FFFFFFFu, 0x7F800001u, 0xFFFFFFFFu}) {
    problem.x[2] = std::bit_cast<float>(bits);
    on_every_instruction_set(
        [&] { EXPECT_TRUE(std::isnan(run_conv2d_by(problem, kBf16).y[1])) << bits; });
  }
}

}  // namespace
}  // namespace normlab
