// The convolution of conv2d.h with a quarter of the multiplications, for many channels: Winograd's
// F(4x4,3x3), which is F(4,3) of conv2d_winograd.h along rows and then along columns.
//
//   y[0..3][0..3] = A^T [ (G w G^T) * (B^T x[0..5][0..5] B) ] A
//
// Sixteen neighbouring outputs (a patch) need 36 products for each channel instead of 144, and
// transforms twice as long as F(4,3)'s; so it takes more channels until they pay. Source: A. Lavin
// and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2015, section 4.
//
// A convolution with stride s is a sum of s*s without one, one for each phase of x: the pixels
// whose row and column leave the same remainders by s. So a kernel of 5x5 with stride 2 is one of
// 3x3 on four times as many channels, some of whose taps are 0; products with these alone are left
// out.
//
// conv2d_winograd.h says when it is used, and its functions call these; arguments are the same. The
// functions are right for any number of channels and any padding, for strides up to 8 and kernels
// that have three taps in the longest phase.
//
// The relative L2 error of y and dx is three to five times the direct sum's, and held under eight
// times by a test; that of dw is 1e-6 (the direct sum's is 1e-7), and held under 2.5e-6.
#pragma once

#include <cstddef>

#include "normlab/kernels/conv2d.h"

namespace normlab {

// Whether the functions below are right for a shape, and faster than F(4,3); also for the gradient
// of the input.
bool conv2d_winograd_2d_fits(const Conv2dShape& shape);
bool conv2d_winograd_2d_backward_input_fits(const Conv2dShape& shape);

// Floats of each packed array, four for each weight, and of the room to work in.
std::size_t conv2d_winograd_2d_packed(const Conv2dShape& shape);
std::size_t conv2d_winograd_2d_scratch(const Conv2dShape& shape);

// G w G^T, computed in double and rounded once: [36][blocks][C][block], blocks of output channels
// (of input channels for the gradient of the input).
void conv2d_winograd_2d_pack_forward(float* packed, const float* w, const Conv2dShape& shape);
void conv2d_winograd_2d_pack_backward_input(float* packed, const float* w,
                                            const Conv2dShape& shape);

void conv2d_winograd_2d_forward(float* y, float* scratch, const float* x,
                                const float* packed_forward, const float* bias,
                                const Conv2dShape& shape, const Conv2dOptions& options = {});

void conv2d_winograd_2d_backward_input(float* dx, float* scratch, const float* dy,
                                       const float* packed_backward_input, const Conv2dShape& shape,
                                       const Conv2dOptions& options = {});

//   dw = G^T [ sum over the patches and samples of (A dy A^T) * (B^T x B) ] G
void conv2d_winograd_2d_backward_weight(float* dw, float* scratch, const float* dy, const float* x,
                                        int lanes, const Conv2dShape& shape);

}  // namespace normlab
