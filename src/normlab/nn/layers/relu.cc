#include "normlab/kernels/relu.h"

#include "normlab/nn/layers/make_layer.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

class ReluLayer final : public Layer {
 public:
  ReluLayer(const LayerSpec& spec, const LayerPlace& place)
      : Layer(spec.name, "ReLU", place.input, place.input), count_(tile_size(place.input)) {}

  bool in_place() const override { return true; }
  bool reads_output() const override { return true; }

  void infer(float* y, float*, const float* x, const LayerWeights&) const override {
    relu_forward(y, x, count_);
  }

  void forward(float* y, float*, const float* x, const LayerWeights&,
               const TileInfo&) const override {
    relu_forward(y, x, count_);
  }

  void backward(float* dx, float*, const LayerUpstream& upstream, const LayerWeights&,
                const TileInfo&) const override {
    relu_backward(dx, upstream.dy, upstream.y, count_);
  }

 private:
  std::size_t count_;
};

}  // namespace

std::unique_ptr<Layer> make_relu(const LayerSpec& spec, const LayerPlace& place) {
  return std::make_unique<ReluLayer>(spec, place);
}

}  // namespace normlab
