// Layer normalization (Ba, Kiros & Hinton, arXiv:1607.06450, 2016) as the group norm paper applies
// it to images: each sample over all its channels and pixels, scale and shift per channel. It is
// group norm with one group; layer_element.cc and layer2d.cc hold what else goes by the name.
#include "normlab/nn/norms/group.h"

namespace normlab {

const NormType norms::layer = {
    .name = "layer",
    .short_name = "LN",
    .title = "Layer",
    .noun = "layer norm",
    .reads = kReadsEps | kReadsAffine,
    .make = [](const LayerSpec& spec, const LayerPlace& place, const Norm& norm) {
      return make_group_norm(spec, place, norm, 1);
    }};

}  // namespace normlab
