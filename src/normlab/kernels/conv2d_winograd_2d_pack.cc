// The weights' transform G w G^T of Winograd's F(4x4,3x3). It is paid once a step and not once a
// tile, but in plain loops it took a third of a step with kernels of 5x5 and stride 2.
#include <algorithm>
#include <vector>

#include "normlab/kernels/conv2d_blocks.h"
#include "normlab/kernels/conv2d_winograd_2d.h"
#include "normlab/kernels/winograd_kernels.h"
#include "normlab/kernels/winograd_patches.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd_2d_pack.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/winograd_pack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// out = G w, of eight pairs of channels beside each other; the six numbers of out, and of w the
// three, stand a constant apart:
//   4 w0
//   2/3 (w0 + w2) + 2/3 w1
//   2/3 (w0 + w2) - 2/3 w1
//   -(4/3 w0 + 1/3 w2) - 2/3 w1
//   -(4/3 w0 + 1/3 w2) + 2/3 w1
//   w2
HWY_INLINE void transform_weights(double* out, std::size_t out_apart, const double* w,
                                  std::size_t w_apart) {
  const auto third = hn::Set(kDoubleTag, 1.0 / 3);
  const auto two_thirds = hn::Set(kDoubleTag, 2.0 / 3);
  const auto four_thirds = hn::Set(kDoubleTag, 4.0 / 3);
  const auto four = hn::Set(kDoubleTag, 4.0);
  for (std::size_t part = 0; part < kPackBlock; part += kDoubles, out += kDoubles, w += kDoubles) {
    const auto w0 = hn::Load(kDoubleTag, w);
    const auto w1 = hn::Load(kDoubleTag, w + w_apart);
    const auto w2 = hn::Load(kDoubleTag, w + 2 * w_apart);
    const auto odd = hn::Mul(two_thirds, w1);
    const auto even = hn::Mul(two_thirds, hn::Add(w0, w2));
    const auto even_half = hn::MulAdd(four_thirds, w0, hn::Mul(third, w2));
    hn::Store(hn::Mul(four, w0), kDoubleTag, out);
    hn::Store(hn::Add(even, odd), kDoubleTag, out + out_apart);
    hn::Store(hn::Sub(even, odd), kDoubleTag, out + 2 * out_apart);
    hn::Store(hn::Neg(hn::Add(even_half, odd)), kDoubleTag, out + 3 * out_apart);
    hn::Store(hn::Sub(odd, even_half), kDoubleTag, out + 4 * out_apart);
    hn::Store(w2, kDoubleTag, out + 5 * out_apart);
  }
}

// Where the taps of a block of outputs stand, from the first of an input channel on; -1 for those
// that the kernel does not reach.
struct TapPlaces {
  HWY_ALIGN std::int32_t at[kWinogradSquare][kPackBlock];
};

HWY_INLINE TapPlaces places_of_taps(int first, int block, int phase,
                                    const WinogradKernels& kernels) {
  TapPlaces places;
  std::fill_n(places.at[0], kWinogradSquare * kPackBlock, -1);
  for (int b = 0; b < block; ++b) {
    const int kernel = kernels.outputs.offset(first + b);
    // Only one of the sides has phases.
    const auto taps = static_cast<std::size_t>(kernels.outputs.phase(first + b) + phase);
    for (std::size_t i = 0; i < kWinogradSquare; ++i) {
      const int tap = kernels.taps[taps][i];
      if (tap >= 0) places.at[i][b] = kernel + tap;
    }
  }
  return places;
}

// packed[36][block] = G w G^T of a pair of channels each, positions `position` apart.
HWY_INLINE void transform_block(float* packed, std::size_t position, const double* taps,
                                int block) {
  constexpr std::size_t kRow = kWinogradTaps * kPackBlock;
  HWY_ALIGN double rows[kWinogradInputs * kRow];  // [6][3]: transformed along columns
  HWY_ALIGN double row[kWinogradInputs * kPackBlock];
  for (std::size_t kx = 0; kx < kRow; kx += kPackBlock) {
    transform_weights(rows + kx, kRow, taps + kx, kRow);
  }
  for (std::size_t i = 0; i < kWinogradInputs; ++i) {
    transform_weights(row, kPackBlock, rows + i * kRow, kPackBlock);
    float* to = packed + i * kWinogradInputs * position;
    for (std::size_t j = 0; j < kWinogradInputs * kPackBlock; j += kPackBlock, to += position) {
      round_block(to, row + j, block);
    }
  }
}

// [36][blocks of outputs][inputs][block], positions winograd_weights_position apart.
void pack_winograd_2d(float* packed, const WinogradKernels& kernels) {
  const std::size_t position =
      winograd_weights_position(kernels.inputs.count(), kernels.outputs.count());
  HWY_ALIGN double taps[kWinogradSquare * kPackBlock];
  for (int first = 0; first < kernels.outputs.count();) {
    const int block = conv2d_block(kernels.outputs.count() - first);
    for (int phase = 0; phase < kernels.inputs.phases; ++phase) {
      const TapPlaces places = places_of_taps(first, block, phase, kernels);
      const float* w = kernels.w;
      for (int c = 0; c < kernels.inputs.channels; ++c, w += kernels.inputs.step, packed += block) {
        for (std::size_t at = 0; at < kWinogradSquare * kPackBlock; at += kDoubles) {
          hn::Store(gather_doubles(w, places.at[0] + at), kDoubleTag, taps + at);
        }
        transform_block(packed, position, taps, block);
      }
    }
    first += block;
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {

HWY_EXPORT(pack_winograd_2d);

// The taps of every phase; turned by 180 degrees for the gradient of the input.
std::vector<WinogradTaps> taps_of_phases(const Conv2dShape& shape, bool turned) {
  std::vector<WinogradTaps> taps;
  for (int phase = 0; phase < shape.stride * shape.stride; ++phase) {
    taps.push_back(winograd_taps(shape, phase));
    if (turned) std::ranges::reverse(taps.back());
  }
  return taps;
}

}  // namespace

void conv2d_winograd_2d_pack_forward(float* packed, const float* w, const Conv2dShape& shape) {
  const WinogradSide outputs{shape.out_channels, 1, shape.fan_in()};
  const WinogradSide inputs{shape.input.channels, shape.stride * shape.stride,
                            shape.kernel_height * shape.kernel_width};
  HWY_DYNAMIC_DISPATCH(pack_winograd_2d)
  (packed, {w, outputs, inputs, taps_of_phases(shape, false)});
}

void conv2d_winograd_2d_pack_backward_input(float* packed, const float* w,
                                            const Conv2dShape& shape) {
  const WinogradSide outputs{shape.input.channels, shape.stride * shape.stride,
                             shape.kernel_height * shape.kernel_width};
  const WinogradSide inputs{shape.out_channels, 1, shape.fan_in()};
  HWY_DYNAMIC_DISPATCH(pack_winograd_2d)
  (packed, {w, outputs, inputs, taps_of_phases(shape, true)});
}

}  // namespace normlab
#endif  // HWY_ONCE
