// The known name that a misspelt one most likely meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace normlab {

// Number of characters to insert, delete, replace or swap with their neighbour to make `a` of `b`
// (optimal string alignment: Damerau, "A technique for computer detection and correction of
// spelling errors", 1964). Letters are compared without regard to case.
int spelling_distance(std::string_view a, std::string_view b);

// The first of those in `known` that are nearest to `name`; empty if `known` is. In dotted names
// the last part alone may match as well, so that "epochs" finds "train.epochs".
std::string nearest_name(std::string_view name, std::span<const std::string> known);

}  // namespace normlab
