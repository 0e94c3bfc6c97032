#include "normlab/nn/layers/standardized_weights.h"

#include <cmath>
#include <cstddef>

namespace normlab {
namespace {

constexpr double kEps = 1e-5;

}  // namespace

// In double and in order: a few thousand numbers for a network, so that the cost is nothing and the
// bits are everywhere the same.
void standardize_weights(float* what, float* rstd, const float* w, const StandardizedShape& shape) {
  const auto fan_in = static_cast<std::size_t>(shape.fan_in);
  for (int c = 0; c < shape.channels; ++c, w += fan_in, what += fan_in) {
    double sum = 0;
    for (std::size_t i = 0; i < fan_in; ++i) sum += static_cast<double>(w[i]);
    const double mean = sum / shape.fan_in;
    double squares = 0;
    for (std::size_t i = 0; i < fan_in; ++i) {
      const double deviation = static_cast<double>(w[i]) - mean;
      squares += deviation * deviation;
    }
    const double inverse = 1 / std::sqrt(squares / shape.fan_in + kEps);
    rstd[c] = static_cast<float>(inverse);
    for (std::size_t i = 0; i < fan_in; ++i) {
      what[i] = static_cast<float>((static_cast<double>(w[i]) - mean) * inverse);
    }
  }
}

void standardize_weights_backward(float* dw, const float* what, const float* rstd,
                                  const StandardizedShape& shape) {
  const auto fan_in = static_cast<std::size_t>(shape.fan_in);
  for (int c = 0; c < shape.channels; ++c, dw += fan_in, what += fan_in) {
    double sum = 0;
    double sum_what = 0;
    for (std::size_t i = 0; i < fan_in; ++i) {
      sum += static_cast<double>(dw[i]);
      sum_what += static_cast<double>(dw[i]) * static_cast<double>(what[i]);
    }
    const double offset = sum / shape.fan_in;
    const double slope = sum_what / shape.fan_in;
    for (std::size_t i = 0; i < fan_in; ++i) {
      const double rest =
          static_cast<double>(dw[i]) - offset - static_cast<double>(what[i]) * slope;
      dw[i] = static_cast<float>(static_cast<double>(rstd[c]) * rest);
    }
  }
}

}  // namespace normlab
