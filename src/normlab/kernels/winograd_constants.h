// The sizes and the weights' transform of Winograd's F(4,3), as conv2d_winograd.h describes it.
#pragma once

namespace normlab {

inline constexpr int kWinogradInputs = 6;   // x of a quad, and products for each row of the kernel
inline constexpr int kWinogradOutputs = 4;  // y of a quad
inline constexpr int kWinogradTaps = 3;
inline constexpr int kWinogradTallest = 7;  // rows of the kernel

inline constexpr double kWinogradG[kWinogradInputs][kWinogradTaps] = {
    {4, 0, 0},
    {2.0 / 3, 2.0 / 3, 2.0 / 3},
    {2.0 / 3, -2.0 / 3, 2.0 / 3},
    {-4.0 / 3, -2.0 / 3, -1.0 / 3},
    {-4.0 / 3, 2.0 / 3, -1.0 / 3},
    {0, 0, 1},
};

// How many quads cover a row.
constexpr int winograd_quads(int width) {
  return (width + kWinogradOutputs - 1) / kWinogradOutputs;
}

}  // namespace normlab
