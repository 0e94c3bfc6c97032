// Stochastic gradient descent in plain loops, with momentum as PyTorch defines it.
#pragma once

#include <vector>

#include "reference/bounded.h"

namespace normlab::reference {

struct Sgd {
  double learning_rate = 0.01;
  double momentum = 0;
  double weight_decay = 0;
  double l1 = 0;  // subgradient 0 at 0
  bool nesterov = false;
};

// g = gradient + weight_decay * p + l1 * sign(p);  v <- momentum * v + g;
// p <- p - learning_rate * v, or with Nesterov p - learning_rate * (g + momentum * v).
template <class Number>
void sgd_step(std::vector<Number>& parameters, std::vector<Number>& velocity,
              const std::vector<Number>& gradient, const Sgd& options);

}  // namespace normlab::reference
