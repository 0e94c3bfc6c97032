// Group normalization in plain loops: each sample's channels are cut into `groups` sets of
// neighbours, each is normalized over its channels and pixels, and y = gamma[c] * xhat + beta[c].
// One group: layer norm over (C, H, W). As many groups as channels: instance norm.
#pragma once

#include <vector>

#include "reference/array.h"

namespace normlab::reference {

template <class Number>
struct Affine {
  std::vector<Number> gamma;  // empty: 1
  std::vector<Number> beta;   // empty: 0
};

template <class Number>
struct GroupNorm {
  Array4<Number> y;
  Array4<Number> mean;  // [N][G][1][1]
  Array4<Number> rstd;  // likewise
};
template <class Number>
GroupNorm<Number> group_norm(const Array4<Number>& x, const Affine<Number>& affine, int groups,
                             double eps);

template <class Number>
struct NormGradients {
  Array4<Number> dx;
  std::vector<Number> dgamma;
  std::vector<Number> dbeta;
};
template <class Number>
NormGradients<Number> group_norm_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                          const Affine<Number>& affine, int groups, double eps);

}  // namespace normlab::reference
