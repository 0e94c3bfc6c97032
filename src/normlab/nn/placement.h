// Where the norms of a model stand to the ReLUs beside them.
#pragma once

#include <vector>

#include "normlab/nn/model.h"
#include "normlab/nn/norm.h"

namespace normlab {

struct PlacedLayer {
  const LayerSpec* spec;
  int position;  // in the model's list, from 1, wherever the layer has come to stand
};

// The layers of a model, which must outlive them, in the order in which they are built. A `norm`
// placeholder and a ReLU that stand side by side change places as norm.placement says; a norm that
// is an activation too takes the ReLU's place. Norms by their own names stay where they are.
std::vector<PlacedLayer> place_norms(const Model& model, const Norm& norm);

}  // namespace normlab
