#include "normlab/nn/norm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"
#include "normlab/nn/norms/registry.h"

namespace normlab {
namespace {

std::string with_settings(std::string text, const Norm& norm) {
  const unsigned reads = norm_type(norm.kind).reads;
  if (reads & kReadsGroups) {
    text += fmt::format(", {} {}", norm.groups, norm.groups == 1 ? "group" : "groups");
  }
  if (reads & kReadsVirtualBatch) text += fmt::format(", {} at a time", norm.virtual_batch);
  if (norm.placement != NormPlacement::kModel) {
    text += fmt::format(", {} ReLU", to_string(norm.placement));
  }
  if (norm.weight_standardization) text += ", standardized weights";
  return text;
}

}  // namespace

float norm_eps(const Norm& norm) { return norm.eps.value_or(norm_type(norm.kind).eps); }

std::span<const NormKind> norm_kinds() {
  static const std::vector<NormKind> kinds = [] {
    std::vector<NormKind> all;
    for (std::size_t i = 0; i < norm_types().size(); ++i) all.push_back(static_cast<NormKind>(i));
    return all;
  }();
  return kinds;
}

std::string norm_names() {
  std::vector<std::string> names;
  std::vector<std::string> short_names;
  for (const NormKind kind : norm_kinds()) {
    names.push_back(to_string(kind));
    if (short_name(kind) != to_string(kind)) short_names.push_back(short_name(kind));
  }
  return fmt::format("{}, or {}", fmt::join(names, ", "), fmt::join(short_names, ", "));
}

NormKind parse_norm_kind(const std::string& name) {
  std::vector<std::string> known;
  for (const NormKind kind : norm_kinds()) {
    for (const std::string& each : {to_string(kind), short_name(kind)}) {
      if (spelling_distance(name, each) == 0) return kind;
    }
    known.push_back(to_string(kind));
  }
  throw UsageError(fmt::format("unknown norm \"{}\"; the nearest known is \"{}\" (all: {})", name,
                               nearest_name(name, known), norm_names()));
}

std::string to_string(NormKind kind) { return norm_type(kind).name; }

std::string short_name(NormKind kind) { return norm_type(kind).short_name; }

std::string to_string(NormPlacement placement) {
  switch (placement) {
    case NormPlacement::kModel:
      return "model";
    case NormPlacement::kAfter:
      return "after";
    case NormPlacement::kBefore:
      return "before";
  }
  return "";
}

NormPlacement parse_norm_placement(const std::string& name) {
  for (const auto placement :
       {NormPlacement::kModel, NormPlacement::kAfter, NormPlacement::kBefore}) {
    if (to_string(placement) == name) return placement;
  }
  throw UsageError(
      fmt::format("unknown placement \"{}\" of a norm; one of model, after, before", name));
}

std::string describe(const Norm& norm) { return with_settings(norm_type(norm.kind).title, norm); }

std::string describe_in_sentence(const Norm& norm) {
  return with_settings(norm_type(norm.kind).noun, norm);
}

}  // namespace normlab
