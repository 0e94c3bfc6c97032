// What there is to know of a norm: how it is called, what it reads, how its layer is made. Names,
// keys, tables and tests all go by the descriptions that list.inc lists.
#pragma once

#include <memory>
#include <span>

#include "normlab/nn/layers/make_layer.h"

namespace normlab {

// Settings of Norm that not every norm reads; a norm adds up its own.
enum NormSetting : unsigned {
  kReadsGroups = 1,
  kReadsEps = 2,
  kReadsMomentum = 4,
  kReadsAffine = 8,
  kReadsAlpha = 16,
  kReadsLimits = 32,
  kReadsVirtualBatch = 64,
};

struct NormType {
  const char* name;        // in files: "group"
  const char* short_name;  // in tables: "GN"
  const char* title;       // in a row of a table: "Group"
  const char* noun;        // in a sentence: "group norm"
  unsigned reads = 0;      // NormSetting, added up
  float eps = 1e-5f;       // unless the experiment says another
  // Whether it bends as an activation does: then it takes the place of the ReLU beside it.
  bool activates = false;
  // Whether it leaves nothing of a single pixel: then a placeholder on 1x1 maps stays empty.
  bool needs_pixels = false;
  // The layer, or null where none is wanted. Throws UsageError if it does not fit its input.
  std::unique_ptr<Layer> (*make)(const LayerSpec& spec, const LayerPlace& place,
                                 const Norm& norm) = nullptr;
};

// In the order of list.inc; NormKind is a place in it.
std::span<const NormType* const> norm_types();
const NormType& norm_type(NormKind kind);

// A description per line, each defined in the file of its name.
namespace norms {
#define NORM(name) extern const NormType name;
#include "normlab/nn/norms/list.inc"
#undef NORM
}  // namespace norms

}  // namespace normlab
