// Two-dimensional convolution in plain loops:
//   y[n][o][i][j] = bias[o] + sum over c, ky, kx of w[o][c][ky][kx] * x[n][c][i*s+ky-p][j*s+kx-p]
// with zeros outside the image.
#pragma once

#include <vector>

#include "reference/array.h"

namespace normlab::reference {

struct Conv2d {
  int stride = 1;
  int padding = 0;
};

// `bias` may be empty.
template <class Number>
Array4<Number> conv2d(const Array4<Number>& x, const Array4<Number>& w,
                      const std::vector<Number>& bias, const Conv2d& options);

template <class Number>
struct Conv2dGradients {
  Array4<Number> dx;
  Array4<Number> dw;
  std::vector<Number> dbias;
};
template <class Number>
Conv2dGradients<Number> conv2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                        const Array4<Number>& w, const Conv2d& options);

}  // namespace normlab::reference
