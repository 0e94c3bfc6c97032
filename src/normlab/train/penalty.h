// Which parameters an L1 penalty falls on.
#pragma once

#include <cstddef>
#include <vector>

#include "normlab/nn/network.h"
#include "normlab/train/recipe.h"

namespace normlab {

// A stretch of the parameter array that the penalty treats alike.
struct PenaltyStretch {
  std::size_t offset;
  std::size_t count;
  bool penalised;
};

// All parameters in their order, in as few stretches as there can be.
std::vector<PenaltyStretch> penalty_stretches(const Network& network, L1Scope scope);

}  // namespace normlab
