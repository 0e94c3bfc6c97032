// Max and average pooling on one tile. x: [C][H][W][16], y: [C][OH][OW][16]; windows that would
// reach past the last row or column are left out (floor), as in PyTorch's default.
#pragma once

#include "normlab/tensor/shape.h"

namespace normlab {

struct Pool2dShape {
  Shape input;
  int kernel_height = 2;
  int kernel_width = 2;
  int stride = 2;

  bool windows_overlap() const { return kernel_height > stride || kernel_width > stride; }

  Shape output() const {
    return {input.channels, (input.height - kernel_height) / stride + 1,
            (input.width - kernel_width) / stride + 1};
  }
};

// y = the largest number of the window; assigned.
void max_pool2d_forward(float* y, const float* x, const Pool2dShape& shape);

// dx, assigned: dy goes to the first number, in row order, that equals the window's maximum.
// Windows may overlap; their gradients add up in the order of the windows.
void max_pool2d_backward(float* dx, const float* dy, const float* x, const float* y,
                         const Pool2dShape& shape);

// y = the mean of the window; assigned.
void average_pool2d_forward(float* y, const float* x, const Pool2dShape& shape);

// dx, assigned: dy / (window size) to each number of the window. Where windows do not overlap and x
// is the output of a ReLU, `relu_output` may be that x: dx, which may be x, is then the gradient of
// the ReLU's input, 0 where x is not above 0.
void average_pool2d_backward(float* dx, const float* dy, const Pool2dShape& shape,
                             const float* relu_output = nullptr);

}  // namespace normlab
