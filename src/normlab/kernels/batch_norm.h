// Batch normalization (Ioffe & Szegedy, ICML 2015, algorithm 1) in the pieces into which the tiles
// of a batch cut it: each tile finds its moments, the moments are merged in tile order, each tile
// is normalized with the merged ones. x, y: [C][H][W][16]; everything else is [C].
#pragma once

#include <span>

#include "normlab/tensor/shape.h"

namespace normlab {

// Count, mean and sum of squared differences from the mean of one channel.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;

  // The moments of both sets together: Chan, Golub & LeVeque, "Updating formulae and a pairwise
  // algorithm for computing sample variances" (1979), eq. 2.1. Exact in no E[x^2] - mean^2.
  Moments merged_with(const Moments& other) const;
};

// The moments of each channel over this tile's first `lanes` samples and all pixels.
void batch_norm_moments(std::span<Moments> moments, const float* x, int lanes, const Shape& shape);

// y = gamma * (x - mean) * rstd + beta, assigned; y may be x. gamma and beta may be null.
void batch_norm_forward(float* y, const float* x, const float* gamma, const float* beta,
                        const float* mean, const float* rstd, const Shape& shape);

// This tile's part of dbeta = sum dy and dgamma = sum dy * xhat, over its first `lanes` samples;
// assigned.
struct BatchNormInputs {
  const float* dy;
  const float* x;
  const float* gamma;  // may be null
  const float* mean;
  const float* rstd;
  // Whether x is the output of a ReLU and dx shall be the gradient of that ReLU's input: 0 where x
  // is not above 0.
  bool after_relu = false;
};
void batch_norm_backward_parameters(float* dgamma, float* dbeta, const BatchNormInputs& inputs,
                                    int lanes, const Shape& shape);

// dx = gamma * rstd * (dy - (dbeta + xhat * dgamma) / count), assigned, where dgamma and dbeta are
// the sums over the whole batch and `count` is its number of values per channel. dx may be dy.
void batch_norm_backward_input(float* dx, const BatchNormInputs& inputs, const float* dgamma,
                               const float* dbeta, double count, const Shape& shape);

}  // namespace normlab
