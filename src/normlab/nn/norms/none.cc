// No normalization: the placeholder stays empty.
#include "normlab/nn/norms/registry.h"

namespace normlab {

const NormType norms::none = {
    .name = "none",
    .short_name = "none",
    .title = "none",
    .noun = "no norm",
    .make = [](const LayerSpec&, const LayerPlace&, const Norm&) -> std::unique_ptr<Layer> {
      return nullptr;
    }};

}  // namespace normlab
