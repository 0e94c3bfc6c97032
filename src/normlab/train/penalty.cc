#include "normlab/train/penalty.h"

namespace normlab {

std::vector<PenaltyStretch> penalty_stretches(const Network& network, L1Scope scope) {
  std::vector<PenaltyStretch> stretches;
  for (const ParameterView& view : network.parameters()) {
    const bool penalised = scope == L1Scope::kAll || view.kind == ParameterKind::kWeight;
    if (!stretches.empty() && stretches.back().penalised == penalised) {
      stretches.back().count += view.count;
    } else {
      stretches.push_back({view.offset, view.count, penalised});
    }
  }
  return stretches;
}

}  // namespace normlab
