// A fully connected layer in plain loops: y[n][o] = bias[o] + sum over k of w[o][k] * x[n][k].
// A sample's numbers count in the order of its array, [C][H][W]; w is [O][K][1][1].
#pragma once

#include <vector>

#include "reference/array.h"

namespace normlab::reference {

// `bias` may be empty. y is [N][O][1][1].
template <class Number>
Array4<Number> linear(const Array4<Number>& x, const Array4<Number>& w,
                      const std::vector<Number>& bias);

template <class Number>
struct LinearGradients {
  Array4<Number> dx;
  Array4<Number> dw;
  std::vector<Number> dbias;
};
template <class Number>
LinearGradients<Number> linear_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                        const Array4<Number>& w);

}  // namespace normlab::reference
