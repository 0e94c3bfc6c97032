#include <algorithm>

#include "normlab/nn/layers/make_layer.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

// All numbers of a sample become channels. In the tile layout they already stand in that order, so
// nothing moves.
class FlattenLayer final : public Layer {
 public:
  FlattenLayer(const LayerSpec& spec, const LayerPlace& place)
      : Layer(spec.name, "Flatten", place.input, {static_cast<int>(place.input.size()), 1, 1}),
        count_(tile_size(place.input)) {}

  bool in_place() const override { return true; }
  bool passes_through() const override { return true; }

  void infer(float* y, float*, const float* x, const LayerWeights&) const override { copy(y, x); }

  void forward(float* y, float*, const float* x, const LayerWeights&,
               const TileInfo&) const override {
    copy(y, x);
  }

  void backward(float* dx, float*, const LayerUpstream& upstream, const LayerWeights&,
                const TileInfo&) const override {
    copy(dx, upstream.dy);
  }

 private:
  void copy(float* to, const float* from) const {
    if (to != from) std::copy_n(from, count_, to);
  }

  std::size_t count_;
};

}  // namespace

std::unique_ptr<Layer> make_flatten(const LayerSpec& spec, const LayerPlace& place) {
  return std::make_unique<FlattenLayer>(spec, place);
}

}  // namespace normlab
