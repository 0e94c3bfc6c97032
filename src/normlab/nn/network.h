// A network: layers in a row, their parameters in one array, and nothing that belongs to a batch.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "normlab/base/buffer.h"
#include "normlab/nn/model.h"
#include "normlab/nn/norm.h"
#include "normlab/tensor/shape.h"

namespace normlab {

class Layer;

enum class ParameterKind { kWeight, kBias, kScale, kShift };

// A named part of the parameter array, or of the array of running statistics.
struct ParameterView {
  std::string name;  // "conv1.0.weight"
  ParameterKind kind = ParameterKind::kWeight;
  std::vector<int> shape;  // as PyTorch shapes it: convolution weights are [O, C, KH, KW]
  std::size_t offset = 0;
  std::size_t count = 0;
};

// How convolutions are computed. The results differ in their last bits, so it is part of what a
// network is; docs/parity.md holds either to PyTorch's of the same.
enum class ConvolutionAlgorithm {
  kDirect,    // the sum as it stands in the definition
  kWinograd,  // kernels/conv2d_winograd.h where it fits, else direct; a quarter faster
  kBf16,      // kernels/conv2d_bf16.h where it fits, else as Winograd; factors of eight bits
};

inline constexpr std::array kConvolutionAlgorithms = {
    ConvolutionAlgorithm::kDirect, ConvolutionAlgorithm::kWinograd, ConvolutionAlgorithm::kBf16};

struct NetworkOptions {
  Norm norm;                          // fills the placeholders
  std::optional<float> dropout = {};  // replaces the probability of every dropout layer
  ConvolutionAlgorithm convolution = ConvolutionAlgorithm::kWinograd;
};

// "direct", "winograd", "bf16".
std::string to_string(ConvolutionAlgorithm algorithm);
// Nothing for any other name.
std::optional<ConvolutionAlgorithm> parse_convolution_algorithm(const std::string& name);

class Network {
 public:
  // Infers and checks all shapes; throws UsageError that names the layer and its line.
  Network(const Model& model, const NetworkOptions& options);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  // Weights and biases from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), PyTorch's default; scale 1, shift
  // 0; running mean 0, variance 1. Each parameter array has a stream of its own.
  void initialise(std::uint64_t seed);

  const Model& model() const { return model_; }
  const NetworkOptions& options() const { return options_; }
  Shape input_shape() const { return model_.input; }
  int classes() const;

  std::span<const ParameterView> parameters() const { return parameters_; }
  std::span<float> parameter_values() { return parameter_values_; }
  std::span<const float> parameter_values() const { return parameter_values_; }

  // Running mean and variance of batch norms: "conv1.2.running_mean", "conv1.2.running_var".
  std::span<const ParameterView> buffers() const { return buffers_; }
  std::span<float> buffer_values() { return buffer_values_; }
  std::span<const float> buffer_values() const { return buffer_values_; }

  std::span<const std::unique_ptr<Layer>> layers() const { return layers_; }

 private:
  Model model_;
  NetworkOptions options_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<ParameterView> parameters_;
  FloatBuffer parameter_values_;
  std::vector<ParameterView> buffers_;
  FloatBuffer buffer_values_;
};

}  // namespace normlab
