#include "normlab/nn/tile_layout.h"

#include <algorithm>

#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

using Layers = std::span<const std::unique_ptr<Layer>>;

std::size_t rounded(std::size_t floats) { return (floats + kLanes - 1) / kLanes * kLanes; }

// Whether layer i may write its output over its input: nothing later reads what stood there.
bool overwrites_input(Layers layers, std::size_t i) {
  if (!layers[i]->in_place()) return false;
  if (layers[i]->passes_through()) return true;
  if (i == 0 || layers[i]->reads_input()) return false;
  // What passes its input through has left it in the place of an earlier layer's output.
  std::size_t writer = i - 1;
  while (writer > 0 && layers[writer]->passes_through()) --writer;
  return !layers[writer]->reads_output();
}

// Whether layer i may write the gradient of its input over the input: so may the layer itself, and
// none before it reads, as its output, what stands there.
bool overwrites_input_backward(Layers layers, std::span<const std::size_t> x, std::size_t i) {
  if (i < layers.size() && !layers[i]->dx_may_be_x()) return false;
  for (std::size_t before = i; before-- > 0;) {
    if (layers[before]->reads_output()) return false;
    if (x[before] != x[i]) return true;
  }
  return false;  // the input of the network
}

}  // namespace

TileLayout::TileLayout(Layers layers) {
  const auto place = [this](std::size_t floats) {
    const std::size_t offset = tile_floats;
    tile_floats += rounded(floats);
    return offset;
  };
  x.push_back(place(tile_size(layers.front()->input_shape())));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    x.push_back(overwrites_input(layers, i) ? x.back()
                                            : place(tile_size(layers[i]->stored_shape())));
    saved.push_back(place(layers[i]->memory().saved));
    scratch_floats = std::max(scratch_floats, rounded(layers[i]->memory().scratch));
  }
  log_probabilities = place(tile_size(layers.back()->output_shape()));

  dx.resize(layers.size() + 1);
  std::size_t dy_end = 0;  // of the gradient that dx[i] is computed from
  for (std::size_t i = layers.size() + 1; i-- > 0;) {
    const std::size_t floats =
        rounded(tile_size(i > 0 ? layers[i - 1]->stored_shape() : layers[0]->input_shape()));
    const bool is_last = i == layers.size();
    if (!is_last && layers[i]->in_place()) {
      dx[i] = dx[i + 1];
    } else if (overwrites_input_backward(layers, x, i)) {
      dx[i] = x[i];
    } else {
      // Behind all that layer i reads; and behind dy, if that stands there and leaves too little.
      dx[i] = is_last ? tile_floats : saved[i] + rounded(layers[i]->memory().saved);
      if (!is_last && dx[i] < dy_end && dx[i + 1] < dx[i] + floats) dx[i] = dy_end;
      tile_floats = std::max(tile_floats, dx[i] + floats);
    }
    dy_end = dx[i] + floats;
  }
}

}  // namespace normlab
