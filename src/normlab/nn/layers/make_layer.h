// From a line of the model's text to a layer.
#pragma once

#include <memory>
#include <string>

#include "normlab/nn/layer.h"
#include "normlab/nn/model.h"

namespace normlab {

struct LayerPlace {
  Shape input;
  int position = 0;               // in the model's list, from 1
  std::string where;              // "models/x.toml:12: layer 'conv1.0'", for messages
  bool is_last_weighted = false;  // whether no convolution or linear layer follows
};

// The layer that `spec` asks for on this input, or null for a placeholder that stays empty.
// Throws UsageError if it does not fit its input.
std::unique_ptr<Layer> make_layer(const LayerSpec& spec, const LayerPlace& place,
                                  const NetworkOptions& options);

// One per kind of layer, each in the file of its name; norms are made through norms/registry.h.
std::unique_ptr<Layer> make_conv2d(const LayerSpec& spec, const LayerPlace& place,
                                   const NetworkOptions& options);
std::unique_ptr<Layer> make_linear(const LayerSpec& spec, const LayerPlace& place);
std::unique_ptr<Layer> make_relu(const LayerSpec& spec, const LayerPlace& place);
std::unique_ptr<Layer> make_pool2d(const LayerSpec& spec, const LayerPlace& place);
std::unique_ptr<Layer> make_dropout(const LayerSpec& spec, const LayerPlace& place);
std::unique_ptr<Layer> make_flatten(const LayerSpec& spec, const LayerPlace& place);

}  // namespace normlab
