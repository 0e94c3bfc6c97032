// Which normalization takes the place of `norm` in a model.
#pragma once

#include <string>

namespace normlab {

enum class NormKind { kNone, kBatch, kLayer, kGroup, kInstance };

struct Norm {
  NormKind kind = NormKind::kBatch;
  int groups = 4;  // group norm only
  float eps = 1e-5f;
  float momentum = 0.1f;  // batch norm: weight of the newest batch in the running statistics
  bool affine = true;     // scale and shift per channel
};

// "none", "batch", "layer", "group", "instance" and the short "bn", "ln", "gn", "in", any case.
// Throws UsageError that lists them (and the nearest) for any other name.
NormKind parse_norm_kind(const std::string& name);

// The long name, as in files: "batch".
std::string to_string(NormKind kind);

// The short name, as in tables: "BN", "LN", "GN", "IN", "none".
std::string short_name(NormKind kind);

}  // namespace normlab
