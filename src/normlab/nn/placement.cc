#include "normlab/nn/placement.h"

#include <utility>

#include "normlab/nn/norms/registry.h"

namespace normlab {
namespace {

bool is_norm(const PlacedLayer& layer) { return layer.spec->type == LayerType::kNorm; }
bool is_relu(const PlacedLayer& layer) { return layer.spec->type == LayerType::kRelu; }

// The ReLU before a placeholder goes, or else the one after it.
std::vector<PlacedLayer> without_relus_of_norms(const std::vector<PlacedLayer>& layers) {
  std::vector<PlacedLayer> kept;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!is_norm(layers[i])) {
      kept.push_back(layers[i]);
    } else if (!kept.empty() && is_relu(kept.back())) {
      kept.back() = layers[i];
    } else {
      kept.push_back(layers[i]);
      if (i + 1 < layers.size() && is_relu(layers[i + 1])) ++i;
    }
  }
  return kept;
}

}  // namespace

std::vector<PlacedLayer> place_norms(const Model& model, const Norm& norm) {
  std::vector<PlacedLayer> layers;
  for (const LayerSpec& spec : model.layers) {
    layers.push_back({&spec, static_cast<int>(layers.size()) + 1});
  }
  if (norm_type(norm.kind).activates) return without_relus_of_norms(layers);
  if (norm.placement == NormPlacement::kModel) return layers;
  const bool before = norm.placement == NormPlacement::kBefore;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    const PlacedLayer& first = layers[i];
    const PlacedLayer& second = layers[i + 1];
    const bool moves =
        before ? is_relu(first) && is_norm(second) : is_norm(first) && is_relu(second);
    if (moves) {
      std::swap(layers[i], layers[i + 1]);
      ++i;  // a ReLU makes room for one norm
    }
  }
  return layers;
}

}  // namespace normlab
