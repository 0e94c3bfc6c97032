#include "normlab/nn/layers/pool2d.h"

#include <fmt/format.h>

#include <algorithm>

#include "normlab/base/error.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

MaxPool2dLayer::MaxPool2dLayer(const LayerSpec& spec, const Pool2dShape& shape)
    : Layer(spec.name, "MaxPool2d", shape.input, shape.output()), shape_(shape) {}

void MaxPool2dLayer::hand_over(Layer* before) {
  const bool side_by_side =
      shape_.kernel_height == shape_.stride && shape_.kernel_width == shape_.stride;
  taken_ = side_by_side && before && before->take_over_max_pool_after(shape_.stride);
}

void MaxPool2dLayer::pool(float* y, const float* x) const {
  if (!taken_) {
    max_pool2d_forward(y, x, shape_);
  } else if (y != x) {
    std::copy_n(x, tile_size(output_shape()), y);
  }
}

void MaxPool2dLayer::infer(float* y, float*, const float* x, const LayerWeights&) const {
  pool(y, x);
}

void MaxPool2dLayer::forward(float* y, float*, const float* x, const LayerWeights&,
                             const TileInfo&) const {
  pool(y, x);
}

void MaxPool2dLayer::backward(float* dx, float*, const LayerUpstream& upstream, const LayerWeights&,
                              const TileInfo&) const {
  if (!taken_) {
    max_pool2d_backward(dx, upstream.dy, upstream.x, upstream.y, shape_);
  } else if (dx != upstream.dy) {
    std::copy_n(upstream.dy, tile_size(output_shape()), dx);
  }
}

namespace {

class AveragePool2dLayer final : public Layer {
 public:
  AveragePool2dLayer(const LayerSpec& spec, const Pool2dShape& shape)
      : Layer(spec.name,
              spec.type == LayerType::kGlobalAveragePool ? "AdaptiveAvgPool2d" : "AvgPool2d",
              shape.input, shape.output()),
        shape_(shape) {}

  bool in_place() const override { return false; }
  bool dx_may_be_x() const override { return true; }
  bool reads_input() const override { return relu_before_; }
  bool take_over_relu_before() override { return relu_before_ = !shape_.windows_overlap(); }

  void infer(float* y, float*, const float* x, const LayerWeights&) const override {
    average_pool2d_forward(y, x, shape_);
  }

  void forward(float* y, float*, const float* x, const LayerWeights&,
               const TileInfo&) const override {
    average_pool2d_forward(y, x, shape_);
  }

  void backward(float* dx, float*, const LayerUpstream& upstream, const LayerWeights&,
                const TileInfo&) const override {
    average_pool2d_backward(dx, upstream.dy, shape_, relu_before_ ? upstream.x : nullptr);
  }

 private:
  Pool2dShape shape_;
  bool relu_before_ = false;
};

}  // namespace

std::unique_ptr<Layer> make_pool2d(const LayerSpec& spec, const LayerPlace& place) {
  Pool2dShape shape{place.input, spec.kernel_height, spec.kernel_width, spec.stride};
  if (spec.type == LayerType::kGlobalAveragePool) {
    shape = {place.input, place.input.height, place.input.width, 1};
  }
  if (shape.kernel_height > place.input.height || shape.kernel_width > place.input.width) {
    throw UsageError(fmt::format(
        "{}: the {}x{} window is larger than its {}x{} input; use a smaller window", place.where,
        shape.kernel_height, shape.kernel_width, place.input.height, place.input.width));
  }
  if (spec.type == LayerType::kMaxPool) return std::make_unique<MaxPool2dLayer>(spec, shape);
  return std::make_unique<AveragePool2dLayer>(spec, shape);
}

}  // namespace normlab
