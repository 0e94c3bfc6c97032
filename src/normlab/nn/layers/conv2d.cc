// Convolution, and the linear layer, which is a convolution with a 1x1 kernel over an input whose
// numbers have all become channels.
#include "normlab/kernels/conv2d.h"

#include <fmt/format.h>

#include <initializer_list>
#include <limits>

#include "normlab/base/error.h"
#include "normlab/nn/layers/conv2d_algorithm.h"
#include "normlab/nn/layers/make_layer.h"
#include "normlab/nn/layers/standardized_weights.h"

namespace normlab {
namespace {

class Conv2dLayer final : public Layer {
 public:
  Conv2dLayer(const LayerSpec& spec, const LayerPlace& place, const Conv2dShape& shape,
              ConvolutionAlgorithm algorithm, bool standardized)
      : Layer(spec.name, spec.type == LayerType::kLinear ? "Linear" : "Conv2d", place.input,
              shape.output()),
        is_linear_(spec.type == LayerType::kLinear),
        has_bias_(spec.bias),
        standardized_(standardized),
        algorithm_(make_conv2d_algorithm(shape, algorithm)),
        packed_(algorithm_->packed()),
        shape_(shape) {}

  std::vector<ParameterSpec> parameters() const override {
    std::vector<int> weight = {shape_.out_channels, shape_.input.channels};
    if (!is_linear_) weight.insert(weight.end(), {shape_.kernel_height, shape_.kernel_width});
    std::vector<ParameterSpec> specs = {
        {"weight", ParameterKind::kWeight, weight, shape_.fan_in(), 0}};
    if (has_bias_) {
      specs.push_back({"bias", ParameterKind::kBias, {shape_.out_channels}, shape_.fan_in(), 0});
    }
    return specs;
  }

  LayerMemory memory() const override {
    const std::size_t standardized =
        standardized_ ? shape_.weights() + static_cast<std::size_t>(shape_.out_channels) : 0;
    return {.packed = 2 * packed_ + standardized, .scratch = algorithm_->scratch()};
  }

  std::uint64_t multiply_adds() const override {
    return static_cast<std::uint64_t>(shape_.weights()) *
           static_cast<std::uint64_t>(output_shape().pixels());
  }

  bool in_place() const override { return false; }
  // The gradient of the weights goes first, and a ReLU's output is read where dx is written next.
  // x is not this layer's to write over if a norm has left it as it was.
  bool dx_may_be_x() const override { return !normalizes_; }
  bool reads_input() const override { return true; }

  bool take_over_relu_after() override { return relu_after_ = true; }
  bool take_over_relu_before() override { return relu_before_ = true; }
  bool take_over_norm_before() override { return normalizes_ = algorithm_->normalizes(); }

  // The weights as forward and backward read them, and standardized ones as they are, with rstd.
  void pack(float* packed, const float* parameters, const float*) const override {
    const float* w = parameters;
    if (standardized_) {
      float* const what = packed + 2 * packed_;
      standardize_weights(what, what + shape_.weights(), parameters, standardized_shape());
      w = what;
    }
    algorithm_->pack_forward(packed, w);
    algorithm_->pack_backward_input(packed + packed_, w);
  }

  void infer(float* y, float* scratch, const float* x, const LayerWeights& weights) const override {
    TileInfo tile;
    tile.lanes = kLanes;
    tile.scratch = scratch;
    convolve(y, x, weights, tile);
  }

  void forward(float* y, float*, const float* x, const LayerWeights& weights,
               const TileInfo& tile) const override {
    convolve(y, x, weights, tile);
  }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    algorithm_->backward_weight(dparameters, tile.scratch, upstream.dy, {upstream.x, tile.norm},
                                tile.lanes);
    if (standardized_) {
      const float* const what = weights.packed + 2 * packed_;
      standardize_weights_backward(dparameters, what, what + shape_.weights(),
                                   standardized_shape());
    }
    if (has_bias_) {
      conv2d_backward_bias(dparameters + shape_.weights(), upstream.dy, tile.lanes, shape_);
    }
    if (!tile.wants_dx) return;
    const Conv2dOptions options{.lanes = tile.lanes,
                                .relu_output = relu_before_ ? upstream.x : nullptr};
    algorithm_->backward_input(dx, tile.scratch, upstream.dy, weights.packed + packed_, options);
  }

 private:
  void convolve(float* y, const float* x, const LayerWeights& weights, const TileInfo& tile) const {
    const Conv2dOptions options{.lanes = tile.lanes, .relu = relu_after_};
    algorithm_->forward(y, tile.scratch, {x, tile.norm}, weights.packed, bias(weights), options);
  }
  StandardizedShape standardized_shape() const { return {shape_.out_channels, shape_.fan_in()}; }
  const float* bias(const LayerWeights& weights) const {
    return has_bias_ ? weights.parameters + shape_.weights() : nullptr;
  }

  bool is_linear_;
  bool has_bias_;
  bool standardized_;
  bool relu_after_ = false;
  bool relu_before_ = false;
  bool normalizes_ = false;
  std::unique_ptr<const Conv2dAlgorithm> algorithm_;
  std::size_t packed_;  // floats of the weights in either order
  Conv2dShape shape_;
};

// Outputs and weights are counted in an int, from here to the kernels.
void check_counts(const Conv2dShape& shape, const LayerPlace& place) {
  const auto check = [&](const char* what, std::initializer_list<int> extents) {
    double count = 1;
    for (const int extent : extents) count *= extent;
    if (count <= std::numeric_limits<int>::max()) return;
    throw UsageError(fmt::format("{}: {:.0f} {} are more than normlab can count ({})", place.where,
                                 count, what, std::numeric_limits<int>::max()));
  };
  const Shape output = shape.output();
  check("outputs", {output.channels, output.height, output.width});
  check("weights",
        {shape.out_channels, shape.input.channels, shape.kernel_height, shape.kernel_width});
}

}  // namespace

std::unique_ptr<Layer> make_conv2d(const LayerSpec& spec, const LayerPlace& place,
                                   const NetworkOptions& options) {
  const Conv2dShape shape{place.input,       spec.out,    spec.kernel_height,
                          spec.kernel_width, spec.stride, spec.padding};
  const int height = place.input.height + 2 * spec.padding;
  const int width = place.input.width + 2 * spec.padding;
  if (spec.kernel_height > height || spec.kernel_width > width) {
    throw UsageError(fmt::format(
        "{}: the {}x{} kernel is larger than its {}x{} input (padding included); use a smaller "
        "kernel or more padding",
        place.where, spec.kernel_height, spec.kernel_width, height, width));
  }
  check_counts(shape, place);
  const bool standardized = options.norm.weight_standardization && !place.is_last_weighted;
  if (standardized && shape.fan_in() == 1) {
    throw UsageError(
        fmt::format("{}: weight standardization leaves nothing of one weight per channel; use a "
                    "larger kernel, or norm.weight_standardization = false",
                    place.where));
  }
  return std::make_unique<Conv2dLayer>(spec, place, shape, options.convolution, standardized);
}

std::unique_ptr<Layer> make_linear(const LayerSpec& spec, const LayerPlace& place) {
  const Conv2dShape shape{.input = {static_cast<int>(place.input.size()), 1, 1},
                          .out_channels = spec.out};
  check_counts(shape, place);
  return std::make_unique<Conv2dLayer>(spec, place, shape, ConvolutionAlgorithm::kDirect, false);
}

}  // namespace normlab
