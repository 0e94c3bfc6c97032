// Group normalization (Wu & He, "Group Normalization", ECCV 2018, eq. 1-3) on one tile.
//
// The channels are cut into G groups; every sample and group is normalized over its m = C/G*H*W
// numbers, with the biased variance:
//
//   xhat = (x - mean) * rstd,   rstd = 1 / sqrt(var + eps),   y = gamma[c] * xhat + beta[c]
//
// One group is layer normalization over (C, H, W) with scale and shift per channel; as many groups
// as channels is instance normalization. x, y: [C][H][W][16]; mean, rstd: [G][16]; gamma, beta:
// [C].
#pragma once

#include "normlab/tensor/shape.h"

namespace normlab {

struct GroupNormShape {
  Shape shape;
  int groups = 1;  // divides shape.channels
  float eps = 1e-5f;
};

// y, mean and rstd are assigned; y may be x.
// The variance is taken around the mean, in a second sweep, so that an input far from zero does
// not ruin it.
struct GroupNormChannels {
  const float* gamma;  // may be null: 1
  const float* beta;   // may be null: 0
  bool relu = false;   // whether y shall be the output of a ReLU after the norm
};
void group_norm_forward(float* y, float* mean, float* rstd, const float* x,
                        const GroupNormChannels& channels, const GroupNormShape& shape);

// mean and rstd alone, assigned: the same numbers.
void group_norm_statistics(float* mean, float* rstd, const float* x, const GroupNormShape& shape);

// Gradients of the loss, all assigned; dx may be dy or x. dgamma and dbeta are the sums over this
// tile's first `lanes` samples (null if there is no gamma):
//
//   dbeta = sum dy,   dgamma = sum dy * xhat,
//   dx = rstd * (dy*gamma - (sum_group dy*gamma + xhat * sum_group dy*gamma*xhat) / m)
struct GroupNormInputs {
  const float* dy;
  const float* x;
  const float* gamma;
  const float* mean;
  const float* rstd;
  // Whether x is the output of a ReLU and dx shall be the gradient of that ReLU's input: 0 where x
  // is not above 0.
  bool after_relu = false;
};
void group_norm_backward(float* dx, float* dgamma, float* dbeta, const GroupNormInputs& inputs,
                         int lanes, const GroupNormShape& shape);

// Group norm and the max pool after it in one, for windows of side x side numbers that stand side
// by side: y, [C][H/side][W/side][16], is the largest normalized number of each window. It comes
// from the window's largest x, or its smallest where gamma is below 0; these go to `extremes`, of
// the shape of y. All are assigned; y may not be x. A ReLU after the norm comes to the same before
// and after the pool.
struct GroupNormMaxPoolOutputs {
  float* y;
  float* mean;
  float* rstd;
  float* extremes;
};
void group_norm_max_pool_forward(const GroupNormMaxPoolOutputs& outputs, const float* x,
                                 const GroupNormChannels& channels, const GroupNormShape& shape,
                                 int side);

// Its gradients, all assigned; norm.dy has the shape of the pool's output, and dx may not be dy.
// dy goes to the first number, in row order, that equals its window's extreme. A max pool by itself
// compares rounded y, and so can choose differently where two x of a window differ but their y do
// not; the choice by x is the one without rounding.
struct GroupNormMaxPoolInputs {
  GroupNormInputs norm;
  const float* extremes;
  int side;
};
// dx may be x.
void group_norm_max_pool_backward(float* dx, float* dgamma, float* dbeta,
                                  const GroupNormMaxPoolInputs& inputs, int lanes,
                                  const GroupNormShape& shape);

}  // namespace normlab
