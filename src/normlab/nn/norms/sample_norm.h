// What the layers of norms have in common whose samples never meet: evaluation is the forward of
// training, they work in place, and their backward reads the input.
#pragma once

#include <vector>

#include "normlab/nn/norms/registry.h"

namespace normlab {

class SampleNormLayer : public Layer {
 public:
  SampleNormLayer(const LayerSpec& spec, const LayerPlace& place, const char* type_name)
      : Layer(spec.name, type_name, place.input, place.input) {}

  bool in_place() const final { return true; }
  bool reads_input() const final { return true; }
  bool take_over_relu_before() final { return relu_before_ = true; }

  void infer(float* y, float* scratch, const float* x, const LayerWeights& weights) const final {
    run(y, scratch, x, weights.parameters);
  }
  void forward(float* y, float* saved, const float* x, const LayerWeights& weights,
               const TileInfo&) const final {
    run(y, saved, x, weights.parameters);
  }

 protected:
  // y is assigned, and so is what the backward finds in `saved`. y may be x.
  virtual void run(float* y, float* saved, const float* x, const float* parameters) const = 0;

  // Whether x is the output of a ReLU, and dx shall be the gradient of that ReLU's input.
  bool after_relu() const { return relu_before_; }

  // "weight" and "bias" of this shape, initially 1 and 0.
  static std::vector<ParameterSpec> scale_and_shift(const std::vector<int>& shape) {
    return {{"weight", ParameterKind::kScale, shape, 0, 1.0f},
            {"bias", ParameterKind::kShift, shape, 0, 0.0f}};
  }

 private:
  bool relu_before_ = false;
};

}  // namespace normlab
