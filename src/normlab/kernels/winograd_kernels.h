// Where the weights' transform of Winograd's F(4x4,3x3) finds the taps of each pair of channels.
#pragma once

#include <array>
#include <vector>

#include "normlab/kernels/winograd_patches.h"

namespace normlab {

// Where the nine taps of a phase stand among those of a kernel; -1 where it does not reach so far.
using WinogradTaps = std::array<int, kWinogradSquare>;

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
