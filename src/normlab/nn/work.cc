#include "normlab/nn/work.h"

#include "normlab/nn/layer.h"

namespace normlab {

std::vector<Work> work_per_layer(const Network& network) {
  std::vector<Work> works;
  bool wants_dx = false;  // true once a layer before has parameters
  for (const auto& layer : network.layers()) {
    Work work;
    work.forward = layer->multiply_adds();
    const bool has_parameters = !layer->parameters().empty();
    if (has_parameters) work.backward_weight = work.forward;
    if (wants_dx) work.backward_input = work.forward;
    wants_dx |= has_parameters;
    works.push_back(work);
  }
  return works;
}

Work work_of(const Network& network) {
  Work sum;
  for (const Work& work : work_per_layer(network)) {
    sum.forward += work.forward;
    sum.backward_input += work.backward_input;
    sum.backward_weight += work.backward_weight;
  }
  return sum;
}

}  // namespace normlab
