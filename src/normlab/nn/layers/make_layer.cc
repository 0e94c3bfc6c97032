#include "normlab/nn/layers/make_layer.h"

#include "normlab/nn/norms/registry.h"

namespace normlab {
namespace {

std::unique_ptr<Layer> make_norm(const LayerSpec& spec, const LayerPlace& place, const Norm& norm) {
  return norm_type(norm.kind).make(spec, place, norm);
}

// A placeholder on 1x1 maps stays empty under instance norm, which would put the shift in place of
// every number there: nothing before it could learn (PyTorch refuses to train such a layer).
std::unique_ptr<Layer> fill_placeholder(const LayerSpec& spec, const LayerPlace& place,
                                        const Norm& norm) {
  if (norm_type(norm.kind).needs_pixels && place.input.pixels() == 1) return nullptr;
  return make_norm(spec, place, norm);
}

// The norm that a model asks for by its own name keeps the experiment's momentum and affine, and
// its eps if that is another than its norm takes by itself: files write eps out, so a network that
// is built from them must not depend on whether it was set.
Norm own_norm(NormKind kind, const LayerSpec& spec, Norm norm) {
  if (norm_eps(norm) == norm_eps({.kind = norm.kind})) norm.eps.reset();
  norm.kind = kind;
  norm.groups = spec.groups.value_or(norm.groups);
  return norm;
}

}  // namespace

std::unique_ptr<Layer> make_layer(const LayerSpec& spec, const LayerPlace& place,
                                  const NetworkOptions& options) {
  switch (spec.type) {
    case LayerType::kConv:
      return make_conv2d(spec, place, options);
    case LayerType::kLinear:
      return make_linear(spec, place);
    case LayerType::kRelu:
      return make_relu(spec, place);
    case LayerType::kNorm:
      return fill_placeholder(spec, place, options.norm);
    case LayerType::kBatchNorm:
      return make_norm(spec, place, own_norm(NormKind::kBatch, spec, options.norm));
    case LayerType::kLayerNorm:
      return make_norm(spec, place, own_norm(NormKind::kLayer, spec, options.norm));
    case LayerType::kGroupNorm:
      return make_norm(spec, place, own_norm(NormKind::kGroup, spec, options.norm));
    case LayerType::kInstanceNorm:
      return make_norm(spec, place, own_norm(NormKind::kInstance, spec, options.norm));
    case LayerType::kMaxPool:
    case LayerType::kAveragePool:
    case LayerType::kGlobalAveragePool:
      return make_pool2d(spec, place);
    case LayerType::kDropout:
    case LayerType::kDropout2d: {
      LayerSpec chosen = spec;
      chosen.probability = options.dropout.value_or(spec.probability);
      return make_dropout(chosen, place);
    }
    case LayerType::kFlatten:
      return make_flatten(spec, place);
  }
  return nullptr;
}

}  // namespace normlab
