// The text of a network (models/*.toml) and what it says.
//
//   name = "session6"
//   input = [1, 28, 28]
//
//   [[layer]]
//   type = "conv"        # conv linear relu norm batch_norm layer_norm group_norm instance_norm
//   name = "conv1.0"     # max_pool average_pool global_average_pool dropout dropout2d flatten
//   out = 8
//   kernel = 3
//
// `norm` is the placeholder that the experiment's normalization fills. A network ends with one
// number per class (classes x 1 x 1); log-softmax and the negative log-likelihood follow it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "normlab/nn/norm.h"
#include "normlab/tensor/shape.h"

namespace normlab {

enum class LayerType {
  kConv,
  kLinear,
  kRelu,
  kNorm,  // the placeholder, until it is filled
  kBatchNorm,
  kLayerNorm,
  kGroupNorm,
  kInstanceNorm,
  kMaxPool,
  kAveragePool,
  kGlobalAveragePool,
  kDropout,
  kDropout2d,
  kFlatten
};

struct LayerSpec {
  LayerType type = LayerType::kConv;
  std::string name;       // prefix of its parameters' names; default "<position>.<type>"
  int line = 0;           // in the model's text, for messages
  int out = 0;            // conv: channels, linear: features
  int kernel_height = 1;  // conv and pools; `kernel = 3` or `kernel = [3, 5]`
  int kernel_width = 1;
  int stride = 1;             // pools: the kernel's height by default
  int padding = 0;            // conv
  bool bias = false;          // conv and linear; default false
  float probability = 0.5f;   // dropout
  std::optional<int> groups;  // group_norm
};

struct Model {
  std::string name;
  Shape input;
  std::vector<LayerSpec> layers;
  std::string text;    // as read, so that a run can be repeated without the file
  std::string source;  // file name, for messages
};

// Throws UsageError with source, line and column for text that is no TOML, an unknown key or layer
// type (naming the nearest known), or a value that cannot be meant.
Model parse_model(const std::string& text, const std::string& source);
Model load_model(const std::filesystem::path& path);

}  // namespace normlab
