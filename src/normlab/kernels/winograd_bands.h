// How the gradient of a convolution's weights by Winograd's F(4,3) is cut into bands of rows, and
// what it keeps of each. The same for every instruction set, and with it the order of the sums.
#pragma once

#include <algorithm>
#include <cstddef>

#include "normlab/kernels/conv2d.h"
#include "normlab/kernels/winograd_constants.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

inline constexpr int kWinogradBlock = 8;  // output channels whose dy is transformed together

struct WinogradBands {
  explicit WinogradBands(const Conv2dShape& conv) : shape(conv) {
    // So many quads that loading and storing the sums once a band costs little, and the transforms
    // of a band still fit a second-level cache of 1 MB.
    constexpr int kQuads = 63;
    const Shape out = shape.output();
    quads = winograd_quads(out.width);
    const int count = std::max(1, (out.height * quads + kQuads / 2) / kQuads);
    rows = (out.height + count - 1) / count;
    is_one = rows >= out.height;
  }

  // Floats of the transforms of x and of a block's dy in a band.
  std::size_t v() const {
    return floats(kWinogradInputs * shape.input.channels * (rows + shape.kernel_height - 1) *
                  quads);
  }
  std::size_t t() const { return floats(kWinogradInputs * kWinogradBlock * rows * quads); }

  // Floats of the sums of a block, and of all that are kept: of one block where it is finished
  // within the band.
  std::size_t block_sums() const {
    const int groups = (shape.input.channels * shape.kernel_height + 2) / 3;
    return floats(groups * kWinogradInputs * 3 * kWinogradBlock);
  }
  std::size_t sums() const {
    const int blocks = (shape.out_channels + kWinogradBlock - 1) / kWinogradBlock;
    return block_sums() * static_cast<std::size_t>(is_one ? 1 : blocks);
  }

  Conv2dShape shape;
  int quads = 0;  // in a row
  int rows = 0;   // of dy in a band
  bool is_one = false;

 private:
  static std::size_t floats(int vectors) { return static_cast<std::size_t>(vectors) * kLanes; }
};

}  // namespace normlab
