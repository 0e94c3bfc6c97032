// Names of runs and arms where there is little room.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "normlab/report/comparison.h"

namespace normlab {

// The names, of no more than `limit` characters where they can still be told apart then. Keys are
// cut first, as the values behind them are what arms of a sweep differ in ("BN wei…=0.0001
// lea…=0.01"), then ends; names that are the same by then keep one letter of each key, or all.
std::vector<std::string> distinct_labels(std::span<const std::string> names, std::size_t limit);

// Those of a comparison's arms.
std::vector<std::string> arm_labels(const Comparison& comparison, std::size_t limit);

}  // namespace normlab
