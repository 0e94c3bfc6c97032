// The convolution of conv2d.h with both factors of every product rounded to bf16, eight bits of
// mantissa, and sums in float. On processors with a matrix unit (matrix_unit.h) it takes a fraction
// of the time of the others; elsewhere it is right and slow.
//
// The input, or dy, is copied pixel by pixel to bf16, with the zeros around it, and then read by
// the matrix unit where it stands. The order of each sum is that of the unit (bf16_products-inl.h),
// and the same without one: rows of the kernel, within them chunks of up to 32 of [KW][C] numbers;
// for the gradient of the weights rows of y, within them two pixels with their 16 samples. So the
// bits are the same on every machine with fused multiply-add.
//
// Layouts are those of conv2d.h. `scratch` is room to work in, conv2d_bf16_scratch(shape) floats.
#pragma once

#include <cstddef>

#include "normlab/kernels/conv2d.h"

namespace normlab {

// Whether the functions below are made for a shape: those of stride 1, and not for few channels,
// where most of a block would be zeros.
bool conv2d_bf16_fits(const Conv2dShape& shape);

// Floats of each packed array, and to work in.
std::size_t conv2d_bf16_packed(const Conv2dShape& shape);
std::size_t conv2d_bf16_scratch(const Conv2dShape& shape);

// Blocks of 16 output channels (input channels for the gradient of the input), within a block
// [KH][chunks][block][pairs]: two bf16 numbers in the room of a float.
void conv2d_bf16_pack_forward(float* packed, const float* w, const Conv2dShape& shape);
void conv2d_bf16_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape);

// y is assigned. `bias` has O numbers or is null. The input's norm may be given, here and below.
void conv2d_bf16_forward(float* y, float* scratch, const Conv2dInput& x,
                         const float* packed_forward, const float* bias, const Conv2dShape& shape,
                         const Conv2dOptions& options = {});

// dx = dL/dx, assigned, from dy = dL/dy; dx may be the options' relu_output.
void conv2d_bf16_backward_input(float* dx, float* scratch, const float* dy,
                                const float* packed_backward_input, const Conv2dShape& shape,
                                const Conv2dOptions& options = {});

// dw = dL/dw of this tile's first `lanes` samples, assigned, in the order of w.
void conv2d_bf16_backward_weight(float* dw, float* scratch, const float* dy, const Conv2dInput& x,
                                 int lanes, const Conv2dShape& shape);

}  // namespace normlab
