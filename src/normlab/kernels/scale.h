// Multiplication with given factors on one tile: what dropout is once its factors are drawn
// (Srivastava et al., JMLR 2014, in the "inverted" form; per channel: Tompson et al., CVPR 2015).
// The backward is the same function with dx, dy for y, x.
#pragma once

#include <cstddef>

#include "normlab/tensor/shape.h"

namespace normlab {

// y = x * factors, number by number; assigned; y may be x. `count` is a multiple of 16.
void scale_elements(float* y, const float* x, const float* factors, std::size_t count);

// y[c][i][j][lane] = x[c][i][j][lane] * factors[c][lane]; assigned; y may be x.
void scale_channels(float* y, const float* x, const float* factors, const Shape& shape);

}  // namespace normlab
