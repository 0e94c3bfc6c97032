// Batch normalization in plain loops: each channel is normalized over all samples and pixels.
#pragma once

#include <vector>

#include "reference/array.h"
#include "reference/group_norm.h"

namespace normlab::reference {

// As training does it; mean, var (biased) and rstd are [C].
template <class Number>
struct BatchNorm {
  Array4<Number> y;
  std::vector<Number> mean;
  std::vector<Number> var;
  std::vector<Number> rstd;
};
template <class Number>
BatchNorm<Number> batch_norm(const Array4<Number>& x, const Affine<Number>& affine, double eps);

template <class Number>
NormGradients<Number> batch_norm_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                          const Affine<Number>& affine, double eps);

// As evaluation does it: with given mean and variance.
template <class Number>
Array4<Number> batch_norm_evaluation(const Array4<Number>& x, const Affine<Number>& affine,
                                     const std::vector<Number>& mean,
                                     const std::vector<Number>& var, double eps);

// running <- (1 - momentum) * running + momentum * newest, and the newest variance is the unbiased
// one, var * m / (m - 1), as PyTorch keeps it.
double running_mean(double running, double mean, double momentum);
double running_var(double running, double biased_var, double m, double momentum);

}  // namespace normlab::reference
