#include "normlab/nn/packed_weights.h"

#include "normlab/tensor/tiles.h"

namespace normlab {

PackedWeights::PackedWeights(const Network& network) : network_(network) {
  std::size_t size = 0;
  for (const auto& layer : network.layers()) {
    offsets_.push_back(size);
    size += (layer->memory().packed + kLanes - 1) / kLanes * kLanes;
  }
  packed_.resize(size);

  std::size_t parameter = 0;
  std::size_t buffer = 0;
  for (std::size_t i = 0; i < network.layers().size(); ++i) {
    const Layer& layer = *network.layers()[i];
    const std::size_t parameters = layer.parameters().size();
    const std::size_t buffers = layer.buffers().size();
    const float* const values =
        parameters > 0 ? network.parameter_values().data() + network.parameters()[parameter].offset
                       : nullptr;
    weights_.push_back({values, packed_.data() + offsets_[i]});
    buffers_.push_back(
        buffers > 0 ? network.buffer_values().data() + network.buffers()[buffer].offset : nullptr);
    parameter += parameters;
    buffer += buffers;
  }
}

void PackedWeights::pack(Workers& workers) {
  workers.for_each(static_cast<int>(weights_.size()), [this](int layer, int) {
    const auto i = static_cast<std::size_t>(layer);
    network_.layers()[i]->pack(packed_.data() + offsets_[i], weights_[i].parameters, buffers_[i]);
  });
}

}  // namespace normlab
