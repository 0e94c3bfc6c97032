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

// y = gamma * (x - mean) * rstd + beta, assigned; y may be x.
struct BatchNormChannels {
  const float* gamma;  // may be null
  const float* beta;   // may be null
  const float* mean;
  const float* rstd;
  bool relu = false;  // whether y shall be the output of a ReLU after the norm
};
void batch_norm_forward(float* y, const float* x, const BatchNormChannels& channels,
                        const Shape& shape);

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
// the sums over the whole batch and `count` is its number of values per channel. dx may be dy or x.
void batch_norm_backward_input(float* dx, const BatchNormInputs& inputs, const float* dgamma,
                               const float* dbeta, double count, const Shape& shape);

// Batch norm and the max pool after it in one, for windows of side x side numbers that stand side
// by side: y, [C][H/side][W/side][16], is the largest normalized number of each window. It comes
// from the window's largest x, or its smallest where gamma is below 0; these go to `extremes`, of
// the shape of y. Both are assigned; y may not be x. A ReLU after the norm comes to the same before
// and after the pool.
//
// This tile's part of dgamma and dbeta is what batch_norm_backward_parameters() finds for dy and
// the extremes in place of x, both of the pool's output shape.
void batch_norm_max_pool_forward(float* y, float* extremes, const float* x,
                                 const BatchNormChannels& channels, const Shape& shape, int side);

// Its dx, assigned; norm.dy has the shape of the pool's output, and dx may not be dy. `count` is
// the number of values of x per channel. dy goes to the first number, in row order, that equals its
// window's extreme. A max pool by itself compares rounded y, and so can choose differently where
// two x of a window differ but their y do not; the choice by x is the one without rounding.
struct BatchNormMaxPoolInputs {
  BatchNormInputs norm;
  const float* extremes;
  int side;
};
// dx may be x.
void batch_norm_max_pool_backward_input(float* dx, const BatchNormMaxPoolInputs& inputs,
                                        const float* dgamma, const float* dbeta, double count,
                                        const Shape& shape);

}  // namespace normlab
