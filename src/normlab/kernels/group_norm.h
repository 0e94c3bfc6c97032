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

// y, mean and rstd are assigned; y may be x. `gamma` and `beta` may be null (1 and 0).
// The variance is taken around the mean, in a second sweep, so that an input far from zero does
// not ruin it.
void group_norm_forward(float* y, float* mean, float* rstd, const float* x, const float* gamma,
                        const float* beta, const GroupNormShape& shape);

// Gradients of the loss, all assigned; dx may be dy. dgamma and dbeta are the sums over this tile's
// first `lanes` samples (null if there is no gamma):
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

}  // namespace normlab
