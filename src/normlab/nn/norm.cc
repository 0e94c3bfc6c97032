#include "normlab/nn/norm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"

namespace normlab {
namespace {

struct NormName {
  NormKind kind;
  const char* name;
  const char* short_name;
};

constexpr std::array kNormNames = {
    NormName{NormKind::kNone, "none", "none"}, NormName{NormKind::kBatch, "batch", "BN"},
    NormName{NormKind::kLayer, "layer", "LN"}, NormName{NormKind::kGroup, "group", "GN"},
    NormName{NormKind::kInstance, "instance", "IN"}};

const NormName& entry(NormKind kind) {
  return *std::find_if(kNormNames.begin(), kNormNames.end(),
                       [&](const NormName& each) { return each.kind == kind; });
}

}  // namespace

NormKind parse_norm_kind(const std::string& name) {
  std::vector<std::string> known;
  for (const NormName& each : kNormNames) {
    if (spelling_distance(name, each.name) == 0 || spelling_distance(name, each.short_name) == 0) {
      return each.kind;
    }
    known.emplace_back(each.name);
  }
  throw UsageError(fmt::format(
      "unknown norm \"{}\"; the nearest known is \"{}\" (all: {}, or the short bn, ln, gn, in)",
      name, nearest_name(name, known), fmt::join(known, ", ")));
}

std::string to_string(NormKind kind) { return entry(kind).name; }

std::string short_name(NormKind kind) { return entry(kind).short_name; }

}  // namespace normlab
