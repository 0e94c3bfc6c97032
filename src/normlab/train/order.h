// The order in which an epoch goes through the training images.
#pragma once

#include <cstdint>
#include <vector>

namespace normlab {

// A permutation of 0 .. count-1 that depends on count, seed and epoch alone; all are equally likely
// (Fisher & Yates, as in Durstenfeld, CACM 1964).
std::vector<std::uint32_t> shuffled_order(int count, std::uint64_t seed, std::uint32_t epoch);

}  // namespace normlab
