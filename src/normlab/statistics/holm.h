// Many comparisons at once.
#pragma once

#include <span>
#include <vector>

namespace normlab {

// p-values corrected so that, if there is no difference anywhere, the chance that even one of them
// falls below 5 % is at most 5 %, whatever their dependence (Holm, "A simple sequentially rejective
// multiple test procedure", Scandinavian Journal of Statistics 6, 1979): the smallest of m times m,
// the next times m - 1, ..., none less than one before it, at most 1. In the order given.
//
// Throws std::invalid_argument for what is no probability.
std::vector<double> holm(std::span<const double> p_values);

}  // namespace normlab
