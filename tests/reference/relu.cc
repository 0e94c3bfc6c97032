#include "reference/relu.h"

namespace normlab::reference {

template <class Number>
Array4<Number> relu(const Array4<Number>& x) {
  Array4<Number> y = x;
  for (Number& value : y.values) value = value > Number(0) ? value : Number(0);
  return y;
}

template <class Number>
Array4<Number> relu_backward(const Array4<Number>& dy, const Array4<Number>& x) {
  Array4<Number> dx = dy;
  for (std::size_t i = 0; i < dx.values.size(); ++i) {
    dx.values[i] = x.values[i] > Number(0) ? dy.values[i] : Number(0);
  }
  return dx;
}

template Array4<double> relu(const Array4<double>&);
template Array4<Bounded> relu(const Array4<Bounded>&);
template Array4<double> relu_backward(const Array4<double>&, const Array4<double>&);
template Array4<Bounded> relu_backward(const Array4<Bounded>&, const Array4<Bounded>&);

}  // namespace normlab::reference
