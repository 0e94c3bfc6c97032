// Instance normalization (Ulyanov, Vedaldi & Lempitsky, arXiv:1607.08022, 2016): each channel of
// each sample over its pixels, as group norm with as many groups as channels. A single pixel would
// become its shift whatever it was, and nothing before it could learn.
#include "normlab/nn/norms/group.h"

namespace normlab {

const NormType norms::instance = {
    .name = "instance",
    .short_name = "IN",
    .title = "Instance",
    .noun = "instance norm",
    .reads = kReadsEps | kReadsAffine,
    .needs_pixels = true,
    .make = [](const LayerSpec& spec, const LayerPlace& place, const Norm& norm) {
      return make_group_norm(spec, place, norm, place.input.channels);
    }};

}  // namespace normlab
