// How much a network has to compute: what its speed can be held against.
#pragma once

#include <cstdint>
#include <vector>

#include "normlab/nn/network.h"

namespace normlab {

// Multiply-adds for one image of the convolutions and linear layers, done directly. What a padded
// convolution multiplies with zero counts; norms, pools and the loss do not.
struct Work {
  std::uint64_t forward = 0;
  std::uint64_t backward_input = 0;   // 0 where nothing before the layer has parameters
  std::uint64_t backward_weight = 0;  // additions for biases do not count

  std::uint64_t backward() const { return backward_input + backward_weight; }
  std::uint64_t training_step() const { return forward + backward(); }
};

// Of each of network.layers().
std::vector<Work> work_per_layer(const Network& network);

// Of all together.
Work work_of(const Network& network);

}  // namespace normlab
