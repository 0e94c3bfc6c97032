// Max pooling, which the norm before it, or before a ReLU between them, does where it can: sweeps
// over the larger map less.
#pragma once

#include "normlab/kernels/pool2d.h"
#include "normlab/nn/layers/make_layer.h"

namespace normlab {

class MaxPool2dLayer final : public Layer {
 public:
  MaxPool2dLayer(const LayerSpec& spec, const Pool2dShape& shape);

  // Leaves all the work to the layer before, which may be null, if windows stand side by side and
  // it takes them over. Then y is what x was, and dx what dy was.
  void hand_over(Layer* before);

  bool in_place() const override { return taken_; }
  bool passes_through() const override { return taken_; }
  bool reads_input() const override { return !taken_; }
  bool reads_output() const override { return !taken_; }

  void infer(float* y, float* scratch, const float* x, const LayerWeights& weights) const override;
  void forward(float* y, float* saved, const float* x, const LayerWeights& weights,
               const TileInfo& tile) const override;
  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override;

 private:
  void pool(float* y, const float* x) const;

  Pool2dShape shape_;
  bool taken_ = false;
};

}  // namespace normlab
