// The layer of group, layer and instance normalization.
#pragma once

#include "normlab/nn/norms/registry.h"

namespace normlab {

// Throws UsageError if the groups do not divide the channels, or leave one number in each.
void check_groups(const LayerPlace& place, int groups);

std::unique_ptr<Layer> make_group_norm(const LayerSpec& spec, const LayerPlace& place,
                                       const Norm& norm, int groups);

}  // namespace normlab
