#include "normlab/nn/norms/registry.h"

namespace normlab {

namespace {
constexpr const NormType* kNormTypes[] = {
#define NORM(name) &norms::name,
#include "normlab/nn/norms/list.inc"
#undef NORM
};
}  // namespace

std::span<const NormType* const> norm_types() { return kNormTypes; }

const NormType& norm_type(NormKind kind) { return *norm_types()[static_cast<std::size_t>(kind)]; }

}  // namespace normlab
