// Dropout of single numbers and, as Dropout2d, of whole channels. Each layer and sample has a
// stream of random numbers of its own, so what is dropped does not depend on tiles or threads.
#include "normlab/kernels/dropout.h"

#include <algorithm>

#include "normlab/base/random.h"
#include "normlab/kernels/scale.h"
#include "normlab/nn/layers/make_layer.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

class DropoutLayer final : public Layer {
 public:
  DropoutLayer(const LayerSpec& spec, const LayerPlace& place)
      : Layer(spec.name, spec.type == LayerType::kDropout2d ? "Dropout2d" : "Dropout", place.input,
              place.input),
        by_channel_(spec.type == LayerType::kDropout2d),
        probability_(spec.probability),
        stream_(static_cast<std::uint32_t>(place.position)),
        factors_(by_channel_ ? static_cast<std::size_t>(place.input.channels)
                             : place.input.size()) {}

  LayerMemory memory() const override { return {.saved = factors_ * kLanes}; }

  bool in_place() const override { return true; }

  void infer(float* y, float*, const float* x, const LayerWeights&) const override {
    if (y != x) std::copy_n(x, tile_size(input_shape()), y);
  }

  void forward(float* y, float* saved, const float* x, const LayerWeights&,
               const TileInfo& tile) const override {
    draw(saved, tile);
    scale(y, x, saved);
  }

  void backward(float* dx, float*, const LayerUpstream& upstream, const LayerWeights&,
                const TileInfo&) const override {
    scale(dx, upstream.dy, upstream.saved);
  }

 private:
  // factors: [numbers or channels][16], 0 or 1 / (1 - probability).
  void draw(float* factors, const TileInfo& tile) const {
    const RandomOrigin origin(tile.seed, Purpose::kDropout, tile.epoch, 0, stream_);
    dropout_factors(factors, factors_, {probability_, origin, tile.ids});
  }

  void scale(float* y, const float* x, const float* factors) const {
    if (by_channel_) {
      scale_channels(y, x, factors, input_shape());
    } else {
      scale_elements(y, x, factors, tile_size(input_shape()));
    }
  }

  bool by_channel_;
  float probability_;
  std::uint32_t stream_;
  std::size_t factors_;
};

}  // namespace

std::unique_ptr<Layer> make_dropout(const LayerSpec& spec, const LayerPlace& place) {
  return std::make_unique<DropoutLayer>(spec, place);
}

}  // namespace normlab
