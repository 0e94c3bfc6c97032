// Which layers of a network write their output over their input while training.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "normlab/nn/layer.h"

namespace normlab {

// Whether layer i may: nothing later reads what stood there.
inline bool overwrites_input(std::span<const std::unique_ptr<Layer>> layers, std::size_t i) {
  if (i == 0 || !layers[i]->in_place() || layers[i]->reads_input()) return false;
  if (layers[i]->passes_through()) return true;
  // What passes its input through has left it in the place of an earlier layer's output.
  std::size_t writer = i - 1;
  while (writer > 0 && layers[writer]->passes_through()) --writer;
  return !layers[writer]->reads_output();
}

}  // namespace normlab
