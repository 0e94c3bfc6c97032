#include "normlab/nn/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "normlab/base/error.h"
#include "normlab/base/random.h"
#include "normlab/nn/layers/make_layer.h"
#include "normlab/nn/layers/pool2d.h"
#include "normlab/nn/layers/relu.h"
#include "normlab/nn/placement.h"

namespace normlab {
namespace {

// Appends the arrays of one layer to the network's list.
void append(std::vector<ParameterView>& views, const Layer& layer,
            const std::vector<ParameterSpec>& specs) {
  for (const ParameterSpec& spec : specs) {
    const std::size_t offset = views.empty() ? 0 : views.back().offset + views.back().count;
    const auto count = std::accumulate(
        spec.shape.begin(), spec.shape.end(), std::size_t{1},
        [](std::size_t product, int extent) { return product * static_cast<std::size_t>(extent); });
    views.push_back({layer.name() + "." + spec.suffix, spec.kind, spec.shape, offset, count});
  }
}

std::size_t total(const std::vector<ParameterView>& views) {
  return views.empty() ? 0 : views.back().offset + views.back().count;
}

// The layer that gives the logits, in all but odd models.
const LayerSpec* find_last_weighted(const Model& model) {
  const LayerSpec* last = nullptr;
  for (const LayerSpec& spec : model.layers) {
    if (spec.type == LayerType::kConv || spec.type == LayerType::kLinear) last = &spec;
  }
  return last;
}

}  // namespace

std::string to_string(ConvolutionAlgorithm algorithm) {
  switch (algorithm) {
    case ConvolutionAlgorithm::kDirect:
      return "direct";
    case ConvolutionAlgorithm::kWinograd:
      return "winograd";
    case ConvolutionAlgorithm::kBf16:
      return "bf16";
  }
  return "";
}

std::optional<ConvolutionAlgorithm> parse_convolution_algorithm(const std::string& name) {
  for (const auto algorithm : kConvolutionAlgorithms) {
    if (to_string(algorithm) == name) return algorithm;
  }
  return {};
}

Network::Network(const Model& model, const NetworkOptions& options)
    : model_(model), options_(options) {
  Shape shape = model.input;
  const LayerSpec* const last_weighted = find_last_weighted(model);
  for (const PlacedLayer& placed : place_norms(model, options.norm)) {
    const LayerSpec& spec = *placed.spec;
    const std::string where = fmt::format("{}:{}: layer '{}'", model.source, spec.line, spec.name);
    auto layer =
        make_layer(spec, {shape, placed.position, where, placed.spec == last_weighted}, options);
    if (!layer) continue;
    shape = layer->output_shape();
    append(parameters_, *layer, layer->parameters());
    append(buffers_, *layer, layer->buffers());
    layers_.push_back(std::move(layer));
  }
  if (shape.height != 1 || shape.width != 1) {
    throw UsageError(
        fmt::format("{}: the network ends with {} numbers per image, but log-softmax needs one per "
                    "class (classes x 1 x 1); end it with a pooling, a convolution or a linear "
                    "layer that leaves 1x1",
                    model.source, to_string(shape)));
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (auto* const relu = dynamic_cast<ReluLayer*>(layers_[i].get())) {
      relu->share_out(i > 0 ? layers_[i - 1].get() : nullptr,
                      i + 1 < layers_.size() ? layers_[i + 1].get() : nullptr);
    }
    if (auto* const pool = dynamic_cast<MaxPool2dLayer*>(layers_[i].get())) {
      pool->hand_over(i > 0 ? layers_[i - 1].get() : nullptr);
    }
  }
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) layers_[i]->offer_norm_to(*layers_[i + 1]);
  if (parameters_.empty()) {
    throw UsageError(fmt::format("{}: the network has no parameters to train", model.source));
  }
  parameter_values_.resize(total(parameters_));
  buffer_values_.resize(total(buffers_));
  initialise(0);
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

void Network::initialise(std::uint64_t seed) {
  std::size_t parameter = 0;
  std::size_t buffer = 0;
  for (const auto& layer : layers_) {
    for (const ParameterSpec& spec : layer->parameters()) {
      const ParameterView& view = parameters_[parameter];
      const std::span<float> values = parameter_values().subspan(view.offset, view.count);
      if (spec.fan_in > 0) {
        RandomStream random(seed, Purpose::kInitialisation, 0,
                            static_cast<std::uint32_t>(parameter));
        const float bound = 1.0f / std::sqrt(static_cast<float>(spec.fan_in));
        for (float& value : values) value = random.uniform(-bound, bound);
      } else {
        std::ranges::fill(values, spec.initial);
      }
      ++parameter;
    }
    for (const ParameterSpec& spec : layer->buffers()) {
      const ParameterView& view = buffers_[buffer++];
      std::ranges::fill(buffer_values().subspan(view.offset, view.count), spec.initial);
    }
  }
}

int Network::classes() const { return layers_.back()->output_shape().channels; }

}  // namespace normlab
