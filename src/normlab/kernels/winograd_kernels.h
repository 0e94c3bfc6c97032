// Where the weights' transforms of Winograd's algorithms find the taps of each pair of channels.
#pragma once

#include <vector>

#include "normlab/kernels/winograd_patches.h"

namespace normlab {

// F(4,3): of output o and input c, tap kx of row ky of the kernel stands at
//   w + o * output_step + c * input_step + ky * row_step + kx * tap_step.
struct WinogradRowKernels {
  const float* w;
  int outputs;
  int inputs;
  int height;
  int output_step;
  int input_step;
  int row_step;
  int tap_step;
};

// F(4x4,3x3).
//
// One side of a correlation: channels, phase by phase, and how far their kernels are apart in w.
struct WinogradSide {
  int channels;
  int phases;
  int step;

  int count() const { return channels * phases; }
  int phase(int channel) const { return channel / channels; }
  int offset(int channel) const { return channel % channels * step; }
};

// Only one of the sides has phases, and taps are those of each.
struct WinogradKernels {
  const float* w;
  WinogradSide outputs;
  WinogradSide inputs;
  std::vector<WinogradTaps> taps;
};

}  // namespace normlab
