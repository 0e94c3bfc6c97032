// Which normalization takes the place of `norm` in a model.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace normlab {

// A norm's place in the list of all (norms/list.inc). Those that the program speaks of have a name
// here; the others are known by what parse_norm_kind() makes of theirs.
enum class NormKind : int { kNone, kBatch, kLayer, kGroup, kInstance };

// Where the placeholders of a model stand to the ReLU beside them.
enum class NormPlacement { kModel, kAfter, kBefore };

struct Norm {
  NormKind kind = NormKind::kBatch;
  int groups = 4;                 // group norm, EvoNorm
  std::optional<float> eps = {};  // not set: the norm's own, norm_eps()
  float momentum = 0.1f;          // weight of the newest batch in the running statistics
  bool affine = true;             // scale and shift, per channel or as the norm has them
  float alpha = 0.5f;             // dynamic tanh: alpha at first
  float r_max = 3;                // batch renorm: limits of r and d
  float d_max = 5;
  int virtual_batch = 32;  // ghost batch norm: samples normalized together
  NormPlacement placement = NormPlacement::kModel;
  bool weight_standardization = false;  // of every convolution but the last
};

// `eps`, or what the norm's paper or its usual code takes: 1e-5 for most.
float norm_eps(const Norm& norm);

// All kinds, in the order in which texts list them.
std::span<const NormKind> norm_kinds();

// "none, batch, layer, ..., or BN, LN, ...": how all of them may be called.
std::string norm_names();

// "none", "batch", "layer", "group", "instance", ... and the short "bn", "ln", "gn", "in", ..., any
// case. Throws UsageError that lists them (and the nearest) for any other name.
NormKind parse_norm_kind(const std::string& name);

// The long name, as in files: "batch".
std::string to_string(NormKind kind);

// "model", "after", "before".
std::string to_string(NormPlacement placement);
// Throws UsageError for any other name.
NormPlacement parse_norm_placement(const std::string& name);

// The short name, as in tables: "BN", "LN", "GN", "IN", "none".
std::string short_name(NormKind kind);

// With the settings that tell it from others of its kind: as a table's cell, "Group, 4 groups", and
// as part of a sentence, "group norm, 4 groups".
std::string describe(const Norm& norm);
std::string describe_in_sentence(const Norm& norm);

}  // namespace normlab
