// The layout of a batch: tiles of 16 samples, the sample innermost.
//
// A batch of N samples of shape [C][H][W] is ceil(N/16) tiles of [C][H][W][16]. Every channel count
// fills the vector; a convolution is "vector of 16 samples times one broadcast weight"; and a
// statistic of layer, group or instance norm is one number per lane, with no horizontal sum.
// Lanes of the last tile beyond N hold whatever a kernel left there and never count.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "normlab/base/buffer.h"
#include "normlab/tensor/shape.h"

namespace normlab {

inline constexpr int kLanes = 16;

inline int tile_count(int samples) { return (samples + kLanes - 1) / kLanes; }

// How many of the lanes of a tile hold samples, for a batch of `samples`.
inline int lanes_used(int samples, int tile) {
  return std::clamp(samples - tile * kLanes, 0, kLanes);
}

// Number of floats in a tile of samples of this shape.
inline std::size_t tile_size(const Shape& shape) { return shape.size() * kLanes; }

// Offset, in floats, of (channel, row, column, lane) in a tile.
inline std::size_t tile_offset(const Shape& shape, int channel, int row, int column, int lane = 0) {
  return ((static_cast<std::size_t>(channel) * static_cast<std::size_t>(shape.height) +
           static_cast<std::size_t>(row)) *
              static_cast<std::size_t>(shape.width) +
          static_cast<std::size_t>(column)) *
             kLanes +
         static_cast<std::size_t>(lane);
}

// Memory for the tiles of one batch.
class Tiles {
 public:
  Tiles() = default;
  Tiles(const Shape& shape, int tiles)
      : shape_(shape), tiles_(tiles), data_(tile_size(shape) * static_cast<std::size_t>(tiles)) {}

  const Shape& shape() const { return shape_; }
  int count() const { return tiles_; }
  float* tile(int index) {
    return data_.data() + tile_size(shape_) * static_cast<std::size_t>(index);
  }
  const float* tile(int index) const {
    return data_.data() + tile_size(shape_) * static_cast<std::size_t>(index);
  }

 private:
  Shape shape_;
  int tiles_ = 0;
  FloatBuffer data_;
};

// Copies `samples` rows of plain [N][C][H][W] data into tiles, and back. Unused lanes become 0.
void pack_tiles(Tiles& tiles, std::span<const float> nchw, int samples);
void unpack_tiles(std::span<float> nchw, const Tiles& tiles, int samples);

}  // namespace normlab
