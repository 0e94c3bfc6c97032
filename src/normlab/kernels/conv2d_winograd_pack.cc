// The weights' transform G w of Winograd's F(4,3). It is paid once a step and not once a tile; but
// a small batch is one tile.
#include "normlab/kernels/conv2d_blocks.h"
#include "normlab/kernels/conv2d_winograd.h"
#include "normlab/kernels/conv2d_winograd_2d.h"
#include "normlab/kernels/winograd_constants.h"
#include "normlab/kernels/winograd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd_pack.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/winograd_pack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// out[6][kPackBlock] = G w of the outputs whose kernels stand at `places`, from w on; taps are
// `step` floats apart.
HWY_INLINE void transform_row_of_taps(double* out, const float* w, std::ptrdiff_t step,
                                      const std::int32_t* places) {
  for (std::size_t part = 0; part < kPackBlock; part += kDoubles) {
    Doubles taps[kWinogradTaps];
    HWY_UNROLL(3)
    for (int kx = 0; kx < kWinogradTaps; ++kx)
      taps[kx] = gather_doubles(w + kx * step, places + part);
    HWY_UNROLL(6)
    for (std::size_t i = 0; i < kWinogradInputs; ++i) {
      Doubles sum = hn::Zero(kDoubleTag);
      HWY_UNROLL(3)
      for (int kx = 0; kx < kWinogradTaps; ++kx) {
        // Not fused: the order and the rounding of plain loops.
        if (const double g = kWinogradG[i][kx]; g != 0) {
          sum = hn::Add(sum, hn::Mul(hn::Set(kDoubleTag, g), taps[kx]));
        }
      }
      hn::Store(sum, kDoubleTag, out + i * kPackBlock + part);
    }
  }
}

// [6][blocks of outputs][KH][inputs][block].
void pack_winograd(float* packed, const WinogradRowKernels& kernels) {
  const auto position = static_cast<std::size_t>(kernels.outputs * kernels.inputs * kernels.height);
  HWY_ALIGN double transformed[kWinogradInputs * kPackBlock];
  for (int first = 0; first < kernels.outputs;) {
    const int block = conv2d_block(kernels.outputs - first);
    HWY_ALIGN std::int32_t places[kPackBlock] = {};
    for (int b = 0; b < block; ++b) places[b] = (first + b) * kernels.output_step;
    for (int ky = 0; ky < kernels.height; ++ky) {
      for (int c = 0; c < kernels.inputs; ++c, packed += block) {
        transform_row_of_taps(transformed,
                              kernels.w + ky * kernels.row_step + c * kernels.input_step,
                              kernels.tap_step, places);
        for (std::size_t i = 0; i < kWinogradInputs; ++i) {
          round_block(packed + i * position, transformed + i * kPackBlock, block);
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
HWY_EXPORT(pack_winograd);
}  // namespace

void conv2d_winograd_pack_forward(float* packed, const float* w, const Conv2dShape& shape) {
  if (conv2d_winograd_2d_fits(shape)) return conv2d_winograd_2d_pack_forward(packed, w, shape);
  HWY_DYNAMIC_DISPATCH(pack_winograd)
  (packed, {.w = w,
            .outputs = shape.out_channels,
            .inputs = shape.input.channels,
            .height = shape.kernel_height,
            .output_step = shape.fan_in(),
            .input_step = shape.kernel_height * kWinogradTaps,
            .row_step = kWinogradTaps,
            .tap_step = 1});
}

void conv2d_winograd_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape) {
  if (conv2d_winograd_2d_backward_input_fits(shape)) {
    return conv2d_winograd_2d_pack_backward_input(packed, w, shape);
  }
  const int taps = shape.kernel_height * kWinogradTaps;
  HWY_DYNAMIC_DISPATCH(pack_winograd)
  (packed, {.w = w + taps - 1,  // turned by 180 degrees
            .outputs = shape.input.channels,
            .inputs = shape.out_channels,
            .height = shape.kernel_height,
            .output_step = taps,
            .input_step = shape.fan_in(),
            .row_step = -kWinogradTaps,
            .tap_step = -1});
}

}  // namespace normlab
#endif  // HWY_ONCE
