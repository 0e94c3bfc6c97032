// A comparison for other programs. docs/statistics.md describes the keys.
#pragma once

#include <string>

#include "normlab/report/comparison.h"

namespace normlab {

// A JSON object; what is not known is null.
std::string comparison_json(const Comparison& comparison, const ComparisonOptions& options);

}  // namespace normlab
