// Max and average pooling in plain loops. Windows that would reach past the last row or column are
// left out; windows may overlap.
#pragma once

#include "reference/array.h"

namespace normlab::reference {

struct Pool2d {
  int kernel_height = 2;
  int kernel_width = 2;
  int stride = 2;
};

template <class Number>
Array4<Number> max_pool2d(const Array4<Number>& x, const Pool2d& options);

// The gradient goes to the first number of the window, row by row, that is the largest.
template <class Number>
Array4<Number> max_pool2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                   const Pool2d& options);

template <class Number>
Array4<Number> average_pool2d(const Array4<Number>& x, const Pool2d& options);

template <class Number>
Array4<Number> average_pool2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                       const Pool2d& options);

}  // namespace normlab::reference
