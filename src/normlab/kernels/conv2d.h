// Two-dimensional convolution (cross-correlation, as the field calls it) on one tile.
//
//   y[o][i][j] = bias[o] + sum over c, ky, kx of w[o][c][ky][kx] * x[c][i*s + ky - p][j*s + kx - p]
//
// x is zero outside the image. x: [C][H][W][16], y: [O][OH][OW][16], w: [O][C][KH][KW].
// For each output number the terms are added in the order c, ky, kx, each by one fused
// multiply-add, whatever the instruction set and the register blocking.
#pragma once

#include <cstddef>

#include "normlab/tensor/shape.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

struct Conv2dShape {
  Shape input;
  int out_channels = 1;
  int kernel_height = 1;
  int kernel_width = 1;
  int stride = 1;
  int padding = 0;

  Shape output() const {
    return {out_channels, (input.height + 2 * padding - kernel_height) / stride + 1,
            (input.width + 2 * padding - kernel_width) / stride + 1};
  }
  std::size_t weights() const {
    return static_cast<std::size_t>(out_channels) * static_cast<std::size_t>(fan_in());
  }
  int fan_in() const { return input.channels * kernel_height * kernel_width; }
  // A 1x1 kernel that passes over every pixel once: rows may join into one.
  bool is_pointwise() const {
    return kernel_height * kernel_width == 1 && stride == 1 && padding == 0;
  }
};

// The weights in the order in which the kernels read them; each array has shape.weights() floats.
// For the forward pass: blocks of output channels, within a block [C][KH][KW][block]; for the
// gradient of the input: blocks of input channels, [O][KH][KW][block].
void conv2d_pack_forward(float* packed, const float* w, const Conv2dShape& shape);
void conv2d_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape);

struct Conv2dOptions {
  // Of a tile with fewer samples the other lanes may be left as they are: where the instruction set
  // takes several vectors for 16 lanes, those without a sample are not computed.
  int lanes = kLanes;
  // Forward: y = max(that, 0), NaN staying NaN.
  bool relu = false;
  // Gradient of the input, where x is the output of a ReLU: that x. dx is then the gradient of the
  // ReLU's input, 0 where x is not above 0.
  const float* relu_output = nullptr;
};

// The input as it stands, or with a norm that is done to each number as it is read: (x - center) *
// slope + shift. Outside the image there are zeros all the same. `norm` is [C][3][16]: center,
// slope and shift for each channel and sample.
struct Conv2dInput {
  Conv2dInput(const float* numbers, const float* left_over_norm = nullptr)
      : x(numbers), norm(left_over_norm) {}

  const float* x;
  const float* norm;  // null where a function does not say that it may be given
};

// y is assigned. `bias` has O numbers or is null.
void conv2d_forward(float* y, const float* x, const float* packed_forward, const float* bias,
                    const Conv2dShape& shape, const Conv2dOptions& options = {});

// dx = dL/dx, assigned, from dy = dL/dy; dx may be the options' relu_output.
void conv2d_backward_input(float* dx, const float* dy, const float* packed_backward_input,
                           const Conv2dShape& shape, const Conv2dOptions& options = {});

// dw = dL/dw of this tile's first `lanes` samples, assigned, in the order of w.
void conv2d_backward_weight(float* dw, const float* dy, const float* x, int lanes,
                            const Conv2dShape& shape);

// dbias = dL/dbias of this tile's first `lanes` samples, assigned.
void conv2d_backward_bias(float* dbias, const float* dy, int lanes, const Conv2dShape& shape);

}  // namespace normlab
