// A convolution that normalizes its input as it reads it gives what a norm and the convolution give
// one after the other, to the bit.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/group_norm_problem.h"
#include "kernels/instruction_sets.h"
#include "normlab/kernels/conv2d_winograd.h"
#include "normlab/nn/layers/conv2d_algorithm.h"

namespace normlab {
namespace {

// [C][3][16]: center, slope and shift, from the statistics of groups.
GuardedFloats left_over(const GuardedFloats& mean, const GuardedFloats& rstd,
                        const std::vector<float>& gamma, const std::vector<float>& beta) {
  const std::size_t channels = gamma.size();
  const std::size_t in_group = channels * kLanes / mean.size();
  GuardedFloats terms(3 * channels * kLanes);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      float* const at = terms.data() + 3 * c * kLanes + lane;
      at[0] = mean.data()[c / in_group * kLanes + lane];
      at[kLanes] = rstd.data()[c / in_group * kLanes + lane] * gamma[c];
      at[2 * kLanes] = beta[c];
    }
  }
  return terms;
}

TEST(NormTakenOver, ByAConvolution) {
  reference::Random random(195);
  for (const Conv2dShape& shape :
       {Conv2dShape{{8, 26, 26}, 16, 3, 3, 1, 1}, Conv2dShape{{4, 5, 3}, 10, 1, 3, 1, 0},
        Conv2dShape{{10, 7, 13}, 5, 5, 3, 1, 2}, Conv2dShape{{8, 1, 6}, 4, 2, 3, 1, 1}}) {
    const auto channels = static_cast<std::size_t>(shape.input.channels);
    const GuardedFloats x(random.normals(tile_size(shape.input), 0.5f, 1.0f));
    const GuardedFloats dy(random.normals(tile_size(shape.output()), 0.2f, 1.0f));
    const std::vector<float> w = random.normals(shape.weights(), 0.1f, 0.5f);
    const std::vector<float> gamma = random.normals(channels, 0.3f, 1.0f);
    const std::vector<float> beta = random.normals(channels, 0.3f, 1.0f);
    const GroupNormShape groups{shape.input, 2, 1e-5f};
    for (const int lanes : {16, 9, 3}) {
      SCOPED_TRACE(to_string(shape.input) + ", " + std::to_string(lanes) + " samples");
      on_every_instruction_set([&] {
        GuardedFloats mean(2 * kLanes), rstd(2 * kLanes), normalized(x.size());
        group_norm_forward(normalized.data(), mean.data(), rstd.data(), x.data(),
                           {gamma.data(), beta.data()}, groups);
        const std::vector<float> mean_before = mean.values();
        const std::vector<float> rstd_before = rstd.values();
        group_norm_statistics(mean.data(), rstd.data(), x.data(), groups);
        expect_same_bits("mean", mean_before, mean.values());
        expect_same_bits("rstd", rstd_before, rstd.values());
        const GuardedFloats norm = left_over(mean, rstd, gamma, beta);
        const Conv2dInput input(x.data(), norm.data());

        for (const auto wanted : {ConvolutionAlgorithm::kWinograd, ConvolutionAlgorithm::kBf16}) {
          SCOPED_TRACE(to_string(wanted));
          const auto algorithm = make_conv2d_algorithm(shape, wanted);
          ASSERT_TRUE(algorithm->normalizes());
          GuardedFloats packed(algorithm->packed());
          GuardedFloats scratch(algorithm->scratch());
          algorithm->pack_forward(packed.data(), w.data());
          // Lanes without a sample may be left as they are.
          GuardedFloats y(std::vector<float>(dy.size(), 0.0f)), y_taken(y);
          const Conv2dOptions options{.lanes = lanes, .relu = true};
          algorithm->forward(y.data(), scratch.data(), normalized.data(), packed.data(), nullptr,
                             options);
          algorithm->forward(y_taken.data(), scratch.data(), input, packed.data(), nullptr,
                             options);
          expect_same_bits("y", y.values(), y_taken.values());

          GuardedFloats dw(shape.weights()), dw_taken(shape.weights());
          algorithm->backward_weight(dw.data(), scratch.data(), dy.data(), normalized.data(),
                                     lanes);
          algorithm->backward_weight(dw_taken.data(), scratch.data(), dy.data(), input, lanes);
          expect_same_bits("dw", dw.values(), dw_taken.values());
        }
        norm.expect_intact("norm");
      });
    }
  }
}

// Those of F(4x4,3x3) read their input as it stands.
TEST(NormTakenOver, NotByAConvolutionInTwoDimensions) {
  const Conv2dShape wide{{32, 8, 8}, 32, 3, 3, 1, 1};
  ASSERT_TRUE(conv2d_winograd_fits(wide));
  EXPECT_FALSE(conv2d_winograd_normalizes(wide));
}

}  // namespace
}  // namespace normlab
