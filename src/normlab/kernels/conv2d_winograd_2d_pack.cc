// The weights' transform G w G^T of Winograd's F(4x4,3x3). It is paid once a step and not once a
// tile, but by one thread: in plain loops it took a third of a step of 64 channels.
#include <algorithm>
#include <vector>

#include "normlab/kernels/conv2d_blocks.h"
#include "normlab/kernels/conv2d_winograd_2d.h"
#include "normlab/kernels/winograd_kernels.h"
#include "normlab/kernels/winograd_patches.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd_2d_pack.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int kBlock = 8;
using DoubleTag = hn::CappedTag<double, kBlock>;
inline constexpr DoubleTag kDoubleTag{};
inline constexpr std::size_t kDoubles = hn::MaxLanes(DoubleTag());

// out = G w of three vectors each.
HWY_INLINE void transform_weights(double (&out)[kWinogradInputs][kBlock],
                                  const double (&w)[kWinogradTaps][kBlock]) {
  for (std::size_t part = 0; part < kBlock; part += kDoubles) {
    HWY_UNROLL(6)
    for (int position = 0; position < kWinogradInputs; ++position) {
      auto sum = hn::Zero(kDoubleTag);
      HWY_UNROLL(3)
      for (int tap = 0; tap < kWinogradTaps; ++tap) {
        const auto g = hn::Set(kDoubleTag, kWinogradG[position][tap]);
        sum = hn::MulAdd(g, hn::Load(kDoubleTag, w[tap] + part), sum);
      }
      hn::Store(sum, kDoubleTag, out[position] + part);
    }
  }
}

// [36][blocks of outputs][inputs][block], positions winograd_weights_position apart.
void pack_winograd_2d(float* packed, const WinogradKernels& kernels) {
  const hn::Rebind<float, DoubleTag> float_tag;
  const std::size_t position =
      winograd_weights_position(kernels.inputs.count(), kernels.outputs.count());
  for (int first = 0; first < kernels.outputs.count();) {
    const int block = conv2d_block(kernels.outputs.count() - first);
    for (int c = 0; c < kernels.inputs.count(); ++c, packed += block) {
      HWY_ALIGN double w[kWinogradTaps][kWinogradTaps][kBlock] = {};  // [kx][ky]: along rows first
      for (int b = 0; b < block; ++b) {
        const int phase = kernels.outputs.phase(first + b) + kernels.inputs.phase(c);
        const WinogradTaps& taps = kernels.taps[static_cast<std::size_t>(phase)];
        const float* const kernel =
            kernels.w + kernels.outputs.offset(first + b) + kernels.inputs.offset(c);
        for (int tap = 0; tap < kWinogradSquare; ++tap) {
          const int at = taps[static_cast<std::size_t>(tap)];
          if (at >= 0) w[tap % kWinogradTaps][tap / kWinogradTaps][b] = kernel[at];
        }
      }
      HWY_ALIGN double in_columns[kWinogradInputs][kWinogradTaps][kBlock];  // [position][kx]
      for (int kx = 0; kx < kWinogradTaps; ++kx) {
        HWY_ALIGN double column[kWinogradInputs][kBlock];
        transform_weights(column, w[kx]);
        for (int i = 0; i < kWinogradInputs; ++i) {
          std::copy_n(column[i], kBlock, in_columns[i][kx]);
        }
      }
      for (std::size_t i = 0; i < kWinogradInputs; ++i) {
        HWY_ALIGN double row[kWinogradInputs][kBlock];
        transform_weights(row, in_columns[i]);
        for (std::size_t j = 0; j < kWinogradInputs; ++j) {
          HWY_ALIGN float rounded[kBlock];
          for (std::size_t part = 0; part < kBlock; part += kDoubles) {
            hn::Store(hn::DemoteTo(float_tag, hn::Load(kDoubleTag, row[j] + part)), float_tag,
                      rounded + part);
          }
          std::copy_n(rounded, block, packed + (i * kWinogradInputs + j) * position);
        }
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
  std::vector<WinogradTaps> taps(static_cast<std::size_t>(shape.stride * shape.stride));
  for (int phase = 0; phase < shape.stride * shape.stride; ++phase) {
    for (int i = 0; i < kWinogradSquare; ++i) {
      const int tap = turned ? kWinogradSquare - 1 - i : i;
      taps[static_cast<std::size_t>(phase)][static_cast<std::size_t>(i)] =
          winograd_tap(shape, phase, tap / kWinogradTaps, tap % kWinogradTaps);
    }
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
