// Sizes at which kernels go wrong if they go wrong.
#pragma once

#include "normlab/tensor/shape.h"

namespace normlab {

// One lane, a tile less one, a tile, a tile and one, three tiles.
inline constexpr int kAwkwardSamples[] = {1, 15, 16, 17, 48};
inline constexpr int kAwkwardChannels[] = {1, 3, 8, 10, 31};

struct ImageSize {
  int height;
  int width;
};
// The widest is wider than any band that a kernel cuts rows into.
inline constexpr ImageSize kAwkwardImages[] = {{1, 1}, {3, 5}, {7, 7}, {13, 9}, {28, 28}, {3, 125}};

// Many channels of large images in great numbers prove no more than fewer, and take seconds.
inline bool too_much(const Shape& shape, int samples) {
  return static_cast<std::size_t>(samples) * shape.size() > 120'000;
}

}  // namespace normlab
