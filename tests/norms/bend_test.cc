// The tanh of dynamic tanh, through its layer with alpha 1 and no scale and shift: how far it is
// from the true one, and that it has the same bits on every instruction set with fused
// multiply-add.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/instruction_sets.h"
#include "normlab/base/buffer.h"
#include "normlab/nn/norms/registry.h"
#include "normlab/tensor/tiles.h"
#include "reference/compare.h"

namespace normlab {
namespace {

constexpr int kChannels = 4096;  // of one call

std::vector<float> tanh_of(const std::vector<float>& x) {
  const Shape shape{kChannels, 1, 1};
  const Norm norm{.kind = parse_norm_kind("dyt"), .affine = false};
  LayerSpec spec;
  const auto layer = norm_type(norm.kind).make(spec, {shape, 1, "test"}, norm);
  const float alpha = 1.0f;
  FloatBuffer tile(tile_size(shape)), saved(layer->memory().saved), y(tile_size(shape));
  std::vector<float> result;
  for (std::size_t from = 0; from < x.size(); from += tile.size()) {
    const std::size_t count = std::min(tile.size(), x.size() - from);
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(from), count, tile.begin());
    layer->infer(y.data(), saved.data(), tile.data(), {&alpha, nullptr});
    // The tanh itself; y has been through a shift by 0, which takes the sign of -0.
    result.insert(result.end(), saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return result;
}

// Every 211th float from 2^-30, where tanh(x) is x, to infinity, and all of them below zero.
std::vector<float> dense_floats() {
  std::vector<float> all;
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(0x1p-30f);
       bits <= std::bit_cast<std::uint32_t>(std::numeric_limits<float>::infinity()); bits += 211) {
    all.push_back(std::bit_cast<float>(bits));
    all.push_back(-all.back());
  }
  return all;
}

TEST(Bend, TanhIsWithinThreeRoundings) {
  const std::vector<float> x = dense_floats();
  on_every_instruction_set([&] {
    const std::vector<float> y = tanh_of(x);
    ASSERT_EQ(y.size(), x.size());
    double worst = 0;
    std::size_t where = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double exact = std::tanh(static_cast<double>(x[i]));
      const double error = std::abs(static_cast<double>(y[i]) / exact - 1) * 0x1p24;
      if (!(error <= worst)) {
        worst = error;
        where = i;
      }
    }
    EXPECT_LE(worst, 3.0) << "at " << x[where] << ": " << y[where];
  });
}

TEST(Bend, TanhHasTheSameBitsOnInstructionSetsWithFusedMultiplyAdd) {
  const std::vector<float> x = dense_floats();
  std::vector<std::vector<float>> all;
  on_every_instruction_set([&] {
    if (has_fused_multiply_add()) all.push_back(tanh_of(x));
  });
  for (const auto& each : all) expect_same_bits("tanh", all[0], each);
}

TEST(Bend, TanhKeepsWhatIsNoNumberAndEndsAtOne) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  on_every_instruction_set([&] {
    const std::vector<float> y = tanh_of({0.0f, -0.0f, nan, 1e30f, -1e30f});
    EXPECT_EQ(y[0], 0.0f);
    EXPECT_EQ(y[1], 0.0f);
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_EQ(y[3], 1.0f);
    EXPECT_EQ(y[4], -1.0f);
  });
}

}  // namespace
}  // namespace normlab
