#include "parity/golden_step.h"

#include <fmt/core.h>

#include <cmath>
#include <map>

#include "normlab/base/error.h"
#include "normlab/formats/safetensors.h"
#include "normlab/kernels/sgd.h"
#include "normlab/nn/network.h"
#include "normlab/nn/step.h"
#include "parity/exchange.h"

namespace normlab {
namespace {

using Quantities = std::map<std::string, std::vector<double>>;

// The numbers of one parameter or running statistic out of the array that holds them all.
std::vector<double> part_of(std::span<const float> values, const ParameterView& view) {
  const auto part = values.subspan(view.offset, view.count);
  return {part.begin(), part.end()};
}

Quantities one_step(Network& network, const Batch& batch, float l1, Workers& workers) {
  TrainingStep step(network, workers);
  const Score score = step.run(batch);

  Quantities result;
  const auto& weights = network.parameter_values();
  const double loss = score.loss / batch.samples;
  result["loss"] = {loss};
  result["objective"] = {loss +
                         static_cast<double>(l1) * absolute_sum(weights.data(), weights.size())};

  // With no velocity from before, the velocity after an optimizer step is the gradient, penalty
  // included; a learning rate of 0 leaves the weights as they are.
  FloatBuffer velocity(weights.size(), 0.0f);
  sgd_step(weights.data(), velocity.data(), step.gradient().data(), weights.size(),
           {.learning_rate = 0.0f, .momentum = 0.9f, .l1 = l1});
  for (const auto& view : network.parameters()) {
    result["gradient." + view.name] = part_of(velocity, view);
  }
  for (const auto& view : network.buffers()) {
    result["after." + view.name] = part_of(network.buffer_values(), view);
  }
  const auto evaluation = log_probabilities(network, batch, workers);
  result["evaluation"] = {evaluation.begin(), evaluation.end()};
  return result;
}

double relative_l2(const std::vector<double>& a, const std::vector<double>& reference) {
  if (a.size() != reference.size()) return std::nan("");
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - reference[i]) * (a[i] - reference[i]);
    norm += reference[i] * reference[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace

std::vector<GoldenCase> golden_cases() {
  const std::string session6 = "models/session6.toml";
  const std::string odd = "tests/data/models/odd.toml";
  return {
      {"session6-batch-l1", session6, "batch", 0.009f},
      {"session6-layer", session6, "layer", 0.0f},
      {"session6-group", session6, "group", 0.0f},
      {"session6-instance", "tests/data/models/session6-instance.toml", "instance", 0.0f},
      {"odd-batch", odd, "batch", 0.0f},
      {"odd-instance-l1", odd, "instance", 0.001f},
      {"odd-rms", odd, "rms", 0.0f},
      {"odd-layer-element", odd, "layer-element", 0.0f},
      {"odd-layer2d", odd, "layer2d", 0.0f},
      {"odd-dyt", odd, "dyt", 0.0f},
      {"odd-filter-response", odd, "filter-response", 0.0f},
      {"odd-evonorm-s0", odd, "evonorm-s0/2", 0.0f},
      {"odd-batch-renorm", odd, "batch-renorm", 0.0f},
      {"odd-ghost-batch", odd, "ghost-batch", 0.0f},
      {"odd-group-ws-before", odd, "group/3+ws@before", 0.0f},
  };
}

std::vector<Difference> compare_with_golden(const std::filesystem::path& root,
                                            const GoldenCase& golden,
                                            ConvolutionAlgorithm convolution, Workers& workers) {
  const auto path = root / "tests/data/golden" / (golden.name + ".safetensors");
  const std::string source = path.filename();
  const SafetensorsFile file = read_safetensors(path);

  NetworkOptions options;
  options.norm = norm_of_parity(golden.norm);
  options.dropout = 0.0f;
  options.convolution = convolution;
  Network network(load_model(root / golden.model), options);
  network.initialise(1);  // running statistics; the weights come from the file
  load_weights(network, file, source);

  const auto labels = file.at("labels", source).to_doubles();
  const PlainBatch batch(network.input_shape(), file.at("x", source).floats(),
                         {labels.begin(), labels.end()});
  Quantities ours = one_step(network, batch.batch(), golden.l1, workers);

  std::vector<Difference> differences;
  const std::string prefix = "float64.";
  for (const Tensor& tensor : file.tensors) {
    if (!tensor.name.starts_with(prefix)) continue;
    const std::string quantity = tensor.name.substr(prefix.size());
    const auto found = ours.extract(quantity);
    if (!found) throw Error(fmt::format("{}: the network has no {}", source, quantity));
    const auto reference = tensor.to_doubles();
    differences.push_back(
        {quantity, relative_l2(found.mapped(), reference),
         relative_l2(file.at("float32." + quantity, source).to_doubles(), reference)});
  }
  if (!ours.empty()) throw Error(fmt::format("{}: no {}", source, ours.begin()->first));
  return differences;
}

}  // namespace normlab
