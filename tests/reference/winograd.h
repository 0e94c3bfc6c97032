// Winograd's F(4,3) along rows, as kernels/conv2d_winograd.h describes it, in plain loops over its
// three matrices. In `double` it must equal the convolution itself; in `Bounded` it says how far
// the same formula may be off in float, which is further than the direct sum.
#pragma once

#include <vector>

#include "reference/array.h"
#include "reference/conv2d.h"

namespace normlab::reference {

// For kernels three wide and stride 1. `bias` may be empty.
template <class Number>
Array4<Number> winograd_conv2d(const Array4<Number>& x, const Array4<Number>& w,
                               const std::vector<Number>& bias, int padding);

// No dbias: nothing there is transformed.
template <class Number>
Conv2dGradients<Number> winograd_conv2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                                 const Array4<Number>& w, int padding);

}  // namespace normlab::reference
