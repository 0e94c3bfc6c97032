// Weight standardization (Qiao, Wang, Liu, Shen & Yuille, "Micro-Batch Training with Batch-Channel
// Normalization and Weight Standardization", arXiv:1903.10520, 2019, eq. 7-8). A convolution works
// with
//
//   what = (w - mean) * rstd,   rstd = 1 / sqrt(var + 1e-5)
//
// in place of its weights, with mean and biased variance of the `fan_in` weights of each output
// channel. The paper's equation has the biased variance, its PyTorch code the unbiased one and eps
// outside the root. There is no scale: the norm that follows has one.
#pragma once

namespace normlab {

struct StandardizedShape {
  int channels;  // of the output
  int fan_in;    // weights of each: C*KH*KW
};

// what: [channels][fan_in], rstd: [channels]; assigned.
void standardize_weights(float* what, float* rstd, const float* w, const StandardizedShape& shape);

// Turns the gradient for what, in place, into the gradient for w:
//
//   dw = rstd * (dwhat - (sum dwhat + what * sum dwhat*what) / fan_in)
//
// It is linear in dwhat, so that parts of a sum over samples can be turned one by one.
void standardize_weights_backward(float* dw, const float* what, const float* rstd,
                                  const StandardizedShape& shape);

}  // namespace normlab
