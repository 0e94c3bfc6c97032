#include "normlab/kernels/conv2d.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/correlate-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// A pointwise convolution is one of a single image, whose rows are the channels and whose columns
// all pixels, with a kernel of one column: fewer left-over pixels, and one loop instead of three.
HWY_INLINE Correlation pointwise(const Correlation& correlation, int pixels) {
  const int channels = correlation.channels;
  return {1,
          correlation.blocks,
          correlation.lanes,
          {channels, 1, channels, 1, 0, 1},
          {pixels, pixels, 1, 1, 0, 1}};
}

void conv2d_forward(float* y, const float* x, const float* packed_forward, const float* bias,
                    const Conv2dShape& shape, const Conv2dOptions& options) {
  const Shape out = shape.output();
  Correlation correlation{
      shape.input.channels,
      shape.out_channels,
      static_cast<std::size_t>(options.lanes),
      {shape.input.height, out.height, shape.kernel_height, shape.stride, shape.padding, 1},
      {shape.input.width, out.width, shape.kernel_width, shape.stride, shape.padding, 1}};
  if (shape.is_pointwise()) correlation = pointwise(correlation, out.pixels());
  correlate(y, x, packed_forward, bias, correlation, {.relu = options.relu});
}

void conv2d_backward_input(float* dx, const float* dy, const float* packed_backward_input,
                           const Conv2dShape& shape, const Conv2dOptions& options) {
  const Shape out = shape.output();
  const int pad_rows = shape.kernel_height - 1 - shape.padding;
  const int pad_columns = shape.kernel_width - 1 - shape.padding;
  Correlation correlation{
      shape.out_channels,
      shape.input.channels,
      static_cast<std::size_t>(options.lanes),
      {out.height, shape.input.height, shape.kernel_height, 1, pad_rows, shape.stride},
      {out.width, shape.input.width, shape.kernel_width, 1, pad_columns, shape.stride}};
  if (shape.is_pointwise()) correlation = pointwise(correlation, out.pixels());
  correlate(dx, dy, packed_backward_input, nullptr, correlation,
            {.y = dx, .relu_output = options.relu_output});
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(conv2d_forward);
HWY_EXPORT(conv2d_backward_input);
}  // namespace

void conv2d_pack_forward(float* packed, const float* w, const Conv2dShape& shape) {
  const int fan_in = shape.fan_in();
  for (int first = 0; first < shape.out_channels;) {
    const int block = conv2d_block(shape.out_channels - first);
    for (int i = 0; i < fan_in; ++i) {
      for (int b = 0; b < block; ++b) *packed++ = w[(first + b) * fan_in + i];
    }
    first += block;
  }
}

void conv2d_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape) {
  const int taps = shape.kernel_height * shape.kernel_width;
  for (int first = 0; first < shape.input.channels;) {
    const int block = conv2d_block(shape.input.channels - first);
    for (int o = 0; o < shape.out_channels; ++o) {
      for (int tap = taps - 1; tap >= 0; --tap) {  // turned by 180 degrees
        for (int b = 0; b < block; ++b)
          *packed++ = w[o * shape.fan_in() + (first + b) * taps + tap];
      }
    }
    first += block;
  }
}

void conv2d_forward(float* y, const float* x, const float* packed_forward, const float* bias,
                    const Conv2dShape& shape, const Conv2dOptions& options) {
  HWY_DYNAMIC_DISPATCH(conv2d_forward)(y, x, packed_forward, bias, shape, options);
}

void conv2d_backward_input(float* dx, const float* dy, const float* packed_backward_input,
                           const Conv2dShape& shape, const Conv2dOptions& options) {
  HWY_DYNAMIC_DISPATCH(conv2d_backward_input)(dx, dy, packed_backward_input, shape, options);
}

}  // namespace normlab
#endif  // HWY_ONCE
