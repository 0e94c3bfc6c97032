// Where the numbers of one tile stand while it is trained on.
//
// What the layers put out is kept for the backward, each in a place of its own unless a layer may
// write over its input. A gradient takes the place of the numbers that it is the gradient of
// wherever nothing reads those any more: memory that has just been read. A tile of session6 takes
// 2.4 MB, and took 3.8 with places of their own for gradients.
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

  // Of the gradient of a layer's input, which is that of the output of the layer before.
  struct Gradient {
    bool in_tile;  // else in the worker's memory, where it lasts until the worker's next tile
    std::size_t offset;
  };

  std::vector<std::size_t> x;      // of layer i's input; one more for the last output
  std::vector<std::size_t> saved;  // of layer i's
  std::vector<Gradient> dx;        // of layer i's input; one more for the last output
  std::size_t log_probabilities = 0;

  std::size_t tile_floats = 0;
  std::size_t worker_floats = 0;   // for gradients
  std::size_t scratch_floats = 0;  // of the layer that wants most
};

}  // namespace normlab
