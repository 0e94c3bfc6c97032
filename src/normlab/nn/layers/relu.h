// ReLU, which its neighbours do where they can: a sweep over memory less, forward and backward.
#pragma once

#include "normlab/nn/layers/make_layer.h"

namespace normlab {

class ReluLayer final : public Layer {
 public:
  ReluLayer(const LayerSpec& spec, const LayerPlace& place);

  // Leaves the forward to the layer before and the backward to the layer after, if they take it;
  // either may be null, and both must outlive this.
  void share_out(Layer* before, Layer* after);

  // Passed on to the layer before: the largest of what a ReLU leaves is what it leaves of the
  // largest, so the pool may come first.
  bool take_over_max_pool_after(int side) override;
  Shape stored_shape() const override { return stored_shape_; }

  bool in_place() const override { return true; }
  bool reads_output() const override { return !backward_taken_; }

  void infer(float* y, float* scratch, const float* x, const LayerWeights& weights) const override;
  void forward(float* y, float* saved, const float* x, const LayerWeights& weights,
               const TileInfo& tile) const override;
  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override;

 private:
  Layer* before_ = nullptr;
  Shape stored_shape_;
  bool forward_taken_ = false;
  bool backward_taken_ = false;
};

}  // namespace normlab
