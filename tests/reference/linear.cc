#include "reference/linear.h"

namespace normlab::reference {

template <class Number>
Array4<Number> linear(const Array4<Number>& x, const Array4<Number>& w,
                      const std::vector<Number>& bias) {
  const auto features = static_cast<std::size_t>(w.c);
  Array4<Number> y(x.n, w.n, 1, 1);
  for (int n = 0; n < x.n; ++n) {
    const Number* sample = &x.values[static_cast<std::size_t>(n) * features];
    for (int o = 0; o < w.n; ++o) {
      Sum<Number> sum;
      if (!bias.empty()) sum.add(bias[static_cast<std::size_t>(o)]);
      for (int k = 0; k < w.c; ++k) sum.add(w(o, k, 0, 0) * sample[k]);
      y(n, o, 0, 0) = sum.total();
    }
  }
  return y;
}

template <class Number>
LinearGradients<Number> linear_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                        const Array4<Number>& w) {
  const auto features = static_cast<std::size_t>(w.c);
  auto dx = shaped_like<Sum<Number>>(x);
  auto dw = shaped_like<Sum<Number>>(w);
  std::vector<Sum<Number>> dbias(static_cast<std::size_t>(w.n));
  for (int n = 0; n < x.n; ++n) {
    const std::size_t sample = static_cast<std::size_t>(n) * features;
    for (int o = 0; o < w.n; ++o) {
      dbias[static_cast<std::size_t>(o)].add(dy(n, o, 0, 0));
      for (int k = 0; k < w.c; ++k) {
        const std::size_t feature = sample + static_cast<std::size_t>(k);
        dx.values[feature].add(w(o, k, 0, 0) * dy(n, o, 0, 0));
        dw(o, k, 0, 0).add(x.values[feature] * dy(n, o, 0, 0));
      }
    }
  }
  return {totals(dx), totals(dw), totals(dbias)};
}

template Array4<double> linear(const Array4<double>&, const Array4<double>&,
                               const std::vector<double>&);
template Array4<Bounded> linear(const Array4<Bounded>&, const Array4<Bounded>&,
                                const std::vector<Bounded>&);
template LinearGradients<double> linear_backward(const Array4<double>&, const Array4<double>&,
                                                 const Array4<double>&);
template LinearGradients<Bounded> linear_backward(const Array4<Bounded>&, const Array4<Bounded>&,
                                                  const Array4<Bounded>&);

}  // namespace normlab::reference
