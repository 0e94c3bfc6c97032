// Where the weights' transform of Winograd's F(4x4,3x3) finds the taps of each pair of channels.
#pragma once

#include <vector>

#include "normlab/kernels/winograd_patches.h"

namespace normlab {

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
