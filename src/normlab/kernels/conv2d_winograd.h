// The convolution of conv2d.h with half the multiplications, for kernels three taps wide and stride
// 1: Winograd's F(4,3) along the rows. From 32 channels on, also with a stride, the functions below
// are those of conv2d_winograd_2d.h where these fit: F(4x4,3x3), a quarter of the multiplications.
//
//   y[0..3] = A^T [ (G w[0..2]) * (B^T x[0..5]) ]
//
// Four neighbouring outputs of a row (a quad) need six products for each row of the kernel instead
// of twelve. The sum over c and ky is taken between the transforms, so each is paid once per number
// and not once per product. The points are 0, 1, -1, 1/2, -1/2 and infinity. Source: S. Winograd,
// Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for
// Convolutional Neural Networks, 2015, section 4.
//
// The numbers differ from the direct sum's in their last bits: the relative L2 error is about twice
// the direct sum's, and held under four times by a test (docs/parity.md says how far it carries).
//
// The bits are the same for every instruction set with fused multiply-add. Layouts are those of
// conv2d.h. `scratch` is room to work in, conv2d_winograd_scratch(shape) floats.
#pragma once

#include <cstddef>

#include "normlab/kernels/conv2d.h"

namespace normlab {

// Whether the functions below are right for a shape, and faster than conv2d.h's.
bool conv2d_winograd_fits(const Conv2dShape& shape);

// Whether that also goes for the gradient of the input. Where the kernel reaches over the image's
// edge there, as it does without padding, the direct sum passes over the zeros and this one
// multiplies them.
bool conv2d_winograd_backward_input_fits(const Conv2dShape& shape);

// Floats of each packed array: two for each weight (of F(4x4,3x3) four).
std::size_t conv2d_winograd_packed(const Conv2dShape& shape);
std::size_t conv2d_winograd_scratch(const Conv2dShape& shape);

// G w, or G w G^T, computed in double and rounded once. Blocks of output channels (of input
// channels for the gradient of the input), within a block [6][KH][C][block] ([36][C][block]).
void conv2d_winograd_pack_forward(float* packed, const float* w, const Conv2dShape& shape);
void conv2d_winograd_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape);

// Whether the input's norm may be given.
bool conv2d_winograd_normalizes(const Conv2dShape& shape);

// y is assigned. `bias` has O numbers or is null.
void conv2d_winograd_forward(float* y, float* scratch, const Conv2dInput& x,
                             const float* packed_forward, const float* bias,
                             const Conv2dShape& shape, const Conv2dOptions& options = {});

// dx = dL/dx, assigned, from dy = dL/dy; dx may be the options' relu_output.
void conv2d_winograd_backward_input(float* dx, float* scratch, const float* dy,
                                    const float* packed_backward_input, const Conv2dShape& shape,
                                    const Conv2dOptions& options = {});

// dw = dL/dw of this tile's first `lanes` samples, assigned, in the order of w:
//   dw[0..2] = G^T sum over the quads of (A dy[0..3]) * (B^T x[0..5])
void conv2d_winograd_backward_weight(float* dw, float* scratch, const float* dy,
                                     const Conv2dInput& x, int lanes, const Conv2dShape& shape);

}  // namespace normlab
