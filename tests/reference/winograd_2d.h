// Winograd's F(4x4,3x3) over the phases of a convolution with a stride, as
// kernels/conv2d_winograd_2d.h describes it, in plain loops over its matrices and over phases that
// are arrays of their own. In `double` it must equal the convolution itself; in `Bounded` it says
// how far the same formula may be off in float.
#pragma once

#include <vector>

#include "reference/array.h"
#include "reference/conv2d.h"

namespace normlab::reference {

// For kernels with more than 2 and up to 3 times as many taps as the stride. `bias` may be empty.
template <class Number>
Array4<Number> winograd_2d_conv2d(const Array4<Number>& x, const Array4<Number>& w,
                                  const std::vector<Number>& bias, const Conv2d& options);

// No dbias: nothing there is transformed.
template <class Number>
Conv2dGradients<Number> winograd_2d_conv2d_backward(const Array4<Number>& dy,
                                                    const Array4<Number>& x,
                                                    const Array4<Number>& w, const Conv2d& options);

}  // namespace normlab::reference
