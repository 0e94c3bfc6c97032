// How the output channels of a convolution are cut into blocks for packing: eights, then the powers
// of two that remain (31 = 8 + 8 + 8 + 4 + 2 + 1), the same for every instruction set.
#pragma once

namespace normlab {

// The size of the next block when `channels` remain.
constexpr int conv2d_block(int channels) {
  int block = 8;
  while (block > channels) block /= 2;
  return block;
}

}  // namespace normlab
