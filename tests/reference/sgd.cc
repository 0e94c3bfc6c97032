#include "reference/sgd.h"

namespace normlab::reference {

template <class Number>
void sgd_step(std::vector<Number>& parameters, std::vector<Number>& velocity,
              const std::vector<Number>& gradient, const Sgd& options) {
  const Number zero = 0.0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Number& p = parameters[i];
    Number& v = velocity[i];
    Number g = gradient[i] + Number(options.weight_decay) * p;
    if (p > zero) g = g + Number(options.l1);
    if (p < zero) g = g - Number(options.l1);
    v = Number(options.momentum) * v + g;
    p = p -
        Number(options.learning_rate) * (options.nesterov ? g + Number(options.momentum) * v : v);
  }
}

template void sgd_step(std::vector<double>&, std::vector<double>&, const std::vector<double>&,
                       const Sgd&);
template void sgd_step(std::vector<Bounded>&, std::vector<Bounded>&, const std::vector<Bounded>&,
                       const Sgd&);

}  // namespace normlab::reference
