#include "normlab/cli/text.h"

#include <fmt/format.h>

namespace normlab {

std::string describe_norm(const Norm& norm) {
  switch (norm.kind) {
    case NormKind::kNone:
      return "no norm";
    case NormKind::kBatch:
      return "batch norm";
    case NormKind::kLayer:
      return "layer norm";
    case NormKind::kGroup:
      return fmt::format("group norm, {} groups", norm.groups);
    case NormKind::kInstance:
      return "instance norm";
  }
  return "";
}

}  // namespace normlab
