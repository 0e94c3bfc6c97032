// The weights of a network as its kernels read them.
#pragma once

#include <vector>

#include "normlab/base/buffer.h"
#include "normlab/base/workers.h"
#include "normlab/nn/layer.h"
#include "normlab/nn/network.h"

namespace normlab {

class PackedWeights {
 public:
  // Refers to the network, which must stay where it is.
  explicit PackedWeights(const Network& network);

  // To be called when parameters or running statistics have changed.
  void pack(Workers& workers);

  const LayerWeights& operator[](std::size_t layer) const { return weights_[layer]; }

 private:
  const Network& network_;
  FloatBuffer packed_;
  std::vector<std::size_t> offsets_;  // of each layer in packed_
  std::vector<LayerWeights> weights_;
  std::vector<const float*> buffers_;
};

}  // namespace normlab
