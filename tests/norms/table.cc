#include "norms/table.h"

#include <algorithm>
#include <stdexcept>

#include "norms/sample_formulas.h"

namespace normlab {
namespace {

template <class Formula>
NormCase row(const char* name, std::vector<Norm> tries, bool stops_gradient = false) {
  for (Norm& norm : tries) norm.kind = parse_norm_kind(name);
  return {name,
          std::move(tries),
          stops_gradient,
          Formula::template apply<double>,
          Formula::template apply<reference::Variable<double>>,
          Formula::template apply<reference::Variable<reference::Bounded>>};
}

std::vector<NormCase> make_cases() {
  // Settings as they come, and others.
  const std::vector<Norm> usual = {{}, {.eps = 1e-3f, .momentum = 0.3f, .affine = false}};
  const std::vector<Norm> grouped = {{.groups = 2}, {.groups = 2, .eps = 1e-3f, .affine = false}};
  const std::vector<Norm> renorm = {
      {}, {.eps = 1e-3f, .momentum = 0.3f, .r_max = 1.001f, .d_max = 0.001f}};
  const std::vector<Norm> ghosts = {
      {.virtual_batch = 16},
      {.eps = 1e-3f, .momentum = 0.3f, .affine = false, .virtual_batch = 32}};
  return {
      row<formulas::None>("none", {{}}),
      row<formulas::Batch>("batch", usual),
      row<formulas::Layer>("layer", usual),
      row<formulas::Group>("group", grouped),
      row<formulas::Instance>("instance", usual),
      row<formulas::Rms>("rms", usual),
      row<formulas::LayerElement>("layer-element", usual),
      row<formulas::Layer2d>("layer2d", usual),
      row<formulas::DynamicTanh>("dyt", usual),
      row<formulas::FilterResponse>("filter-response", usual),
      row<formulas::EvoNormS0>("evonorm-s0", grouped),
      // Limits within which r and d are, and others beyond which they are: then they are constants,
      // and central differences of a whole network see the gradient that the backward has.
      row<formulas::BatchRenorm>("batch-renorm", renorm, /*stops_gradient=*/true),
      row<formulas::GhostBatch>("ghost-batch", ghosts),
  };
}

}  // namespace

std::span<const NormCase> norm_cases() {
  static const std::vector<NormCase> cases = make_cases();
  return cases;
}

std::vector<Norm> differentiable_tries(const NormCase& norm) {
  return norm.stops_gradient ? std::vector<Norm>{norm.tries.back()} : norm.tries;
}

const NormCase& norm_case(NormKind kind) {
  const auto found = std::ranges::find(norm_cases(), to_string(kind), &NormCase::name);
  if (found == norm_cases().end()) throw std::logic_error("no row for " + to_string(kind));
  return *found;
}

}  // namespace normlab
