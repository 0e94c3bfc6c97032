#include "parity/exchange.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "normlab/base/error.h"

namespace normlab {

PlainBatch::PlainBatch(const Shape& shape, const std::vector<float>& images,
                       std::vector<std::uint8_t> labels)
    : samples_(static_cast<int>(labels.size())),
      tiles_(shape, tile_count(samples_)),
      labels_(std::move(labels)),
      sample_ids_(labels_.size()) {
  pack_tiles(tiles_, images, samples_);
  std::iota(sample_ids_.begin(), sample_ids_.end(), 0u);
}

Batch PlainBatch::batch() const {
  Batch batch;
  batch.samples = samples_;
  batch.load = [this](float* x, int tile) {
    std::copy_n(tiles_.tile(tile), tile_size(tiles_.shape()), x);
  };
  batch.labels = labels_;
  batch.sample_ids = sample_ids_;
  return batch;
}

Norm norm_of_parity(const std::string& text) {
  Norm norm;
  norm.virtual_batch = kLanes;
  std::string name = text;
  // What follows `mark`, which is cut off.
  const auto cut = [&](const char* mark) {
    const std::size_t at = name.find(mark);
    if (at == std::string::npos) return std::string();
    const std::string rest = name.substr(at + 1);
    name.resize(at);
    return rest;
  };
  if (const std::string placement = cut("@"); !placement.empty()) {
    norm.placement = parse_norm_placement(placement);
  }
  norm.weight_standardization = !cut("+ws").empty();
  if (const std::string groups = cut("/"); !groups.empty()) norm.groups = std::stoi(groups);
  norm.kind = parse_norm_kind(name);
  return norm;
}

void load_weights(Network& network, const SafetensorsFile& file, const std::string& source) {
  const auto values = network.parameter_values();
  for (const auto& view : network.parameters()) {
    const auto& weights = file.at("weights." + view.name, source).floats();
    if (weights.size() != view.count) {
      throw Error(fmt::format("{}: {} has {} numbers, the network's has {}", source, view.name,
                              weights.size(), view.count));
    }
    std::ranges::copy(weights, values.subspan(view.offset).begin());
  }
}

std::vector<float> log_probabilities(const Network& network, const Batch& batch, Workers& workers) {
  const auto classes = static_cast<std::size_t>(network.classes());
  std::vector<float> rows(static_cast<std::size_t>(batch.samples) * classes);
  Inference(network, workers).run(batch, [&](const float* from, int tile, int lanes) {
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(lanes); ++lane) {
      const std::size_t sample = static_cast<std::size_t>(tile) * kLanes + lane;
      for (std::size_t i = 0; i < classes; ++i) {
        rows[sample * classes + i] = from[i * kLanes + lane];
      }
    }
  });
  return rows;
}

}  // namespace normlab
