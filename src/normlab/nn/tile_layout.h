// Where the numbers of one tile stand while it is trained on.
//
// What the layers put out is kept for the backward, each in a place of its own unless a layer may
// write over its input. A gradient takes the place of the numbers that it is the gradient of
// wherever nothing reads those any more, and else that of what later layers kept, with which their
// backward is done: memory that has just been read.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "normlab/nn/layer.h"

namespace normlab {

// All offsets and sizes are in floats.
struct TileLayout {
  explicit TileLayout(std::span<const std::unique_ptr<Layer>> layers);

  std::vector<std::size_t> x;      // of layer i's input; one more for the last output
  std::vector<std::size_t> saved;  // of layer i's
  std::vector<std::size_t> dx;  // of the gradient of layer i's input; one more for the last output
  std::size_t log_probabilities = 0;

  std::size_t tile_floats = 0;
  std::size_t scratch_floats = 0;  // of the layer that wants most
};

}  // namespace normlab
