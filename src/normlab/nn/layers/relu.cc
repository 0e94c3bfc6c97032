#include "normlab/kernels/relu.h"

#include <algorithm>

#include "normlab/nn/layers/make_layer.h"
#include "normlab/nn/layers/relu.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

ReluLayer::ReluLayer(const LayerSpec& spec, const LayerPlace& place)
    : Layer(spec.name, "ReLU", place.input, place.input), stored_shape_(place.input) {}

void ReluLayer::infer(float* y, float*, const float* x, const LayerWeights&) const {
  if (y != x || !forward_taken_) relu_forward(y, x, tile_size(stored_shape_));
}

void ReluLayer::forward(float* y, float*, const float* x, const LayerWeights&,
                        const TileInfo&) const {
  if (y != x || !forward_taken_) relu_forward(y, x, tile_size(stored_shape_));
}

void ReluLayer::backward(float* dx, float*, const LayerUpstream& upstream, const LayerWeights&,
                         const TileInfo&) const {
  if (!backward_taken_) {
    relu_backward(dx, upstream.dy, upstream.y, tile_size(stored_shape_));
  } else if (dx != upstream.dy) {
    std::copy_n(upstream.dy, tile_size(stored_shape_), dx);
  }
}

void ReluLayer::share_out(Layer* before, Layer* after) {
  before_ = before;
  forward_taken_ = before && before->take_over_relu_after();
  backward_taken_ = after && after->take_over_relu_before();
}

bool ReluLayer::take_over_max_pool_after(int side) {
  if (!before_ || !before_->take_over_max_pool_after(side)) return false;
  stored_shape_ = before_->stored_shape();
  return true;
}

std::unique_ptr<Layer> make_relu(const LayerSpec& spec, const LayerPlace& place) {
  return std::make_unique<ReluLayer>(spec, place);
}

}  // namespace normlab
