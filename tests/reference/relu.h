// Rectified linear unit in plain loops: y = max(x, 0); dx = dy where x > 0, else 0.
#pragma once

#include "reference/array.h"

namespace normlab::reference {

template <class Number>
Array4<Number> relu(const Array4<Number>& x);

template <class Number>
Array4<Number> relu_backward(const Array4<Number>& dy, const Array4<Number>& x);

}  // namespace normlab::reference
