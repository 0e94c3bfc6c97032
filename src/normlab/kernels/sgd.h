// The optimizer's step on a flat array of parameters.
//
// Stochastic gradient descent with momentum as PyTorch defines it (the velocity holds gradients,
// not steps; Sutskever et al., ICML 2013, differ by where the learning rate stands):
//
//   g = gradient + weight_decay * p + l1 * sign(p)
//   v = momentum * v + g
//   p = p - learning_rate * (nesterov ? g + momentum * v : v)
#pragma once

#include <cstddef>

namespace normlab {

struct SgdStep {
  float learning_rate = 0.01f;
  float momentum = 0.0f;
  float weight_decay = 0.0f;
  float l1 = 0.0f;  // subgradient 0 at 0
  bool nesterov = false;
};

// `parameters` and `velocity` are updated in place; any count.
void sgd_step(float* parameters, float* velocity, const float* gradient, std::size_t count,
              const SgdStep& step);

// sum |p|, in double, in order.
double absolute_sum(const float* parameters, std::size_t count);

// sum[i] = parts[0][i] + parts[1][i] + ... in this order; assigned. Each tile's part has `count`
// numbers, and they stand `apart` floats from each other, or follow each other.
void sum_over_tiles(float* sum, const float* parts, int tiles, std::size_t count,
                    std::size_t apart);
inline void sum_over_tiles(float* sum, const float* parts, int tiles, std::size_t count) {
  sum_over_tiles(sum, parts, tiles, count, count);
}

}  // namespace normlab
