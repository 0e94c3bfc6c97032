// Rectified linear unit on one tile: y = max(x, 0).
#pragma once

#include <cstddef>

namespace normlab {

// y is assigned and may be x. `count` is a multiple of 16. A NaN stays a NaN.
void relu_forward(float* y, const float* x, std::size_t count);

// dx = dy where y > 0, else 0; assigned; dx may be dy.
void relu_backward(float* dx, const float* dy, const float* y, std::size_t count);

}  // namespace normlab
