// What the machine can do at most: the limits beside which everything else is shown.
#pragma once

#include <cstddef>

#include "normlab/base/workers.h"

namespace normlab::bench {

// Single-precision GFLOP/s of multiply-adds (two operations each) on the instruction set in use,
// from registers alone, by all workers together, over some milliseconds. Throws Error if the sums
// come out wrong.
double multiply_add_rate(Workers& workers);

// The best of 50.
double multiply_add_peak(Workers& workers);

// Arrays that no cache below the last level holds, and arrays that a core's second-level cache
// holds, as it does the tile in a kernel's hands.
inline constexpr std::size_t kInMemory = std::size_t{1} << 26;
inline constexpr std::size_t kInCache = std::size_t{1} << 17;

// GB/s read plus written by copying an array of that many bytes per worker.
double copy_bandwidth(Workers& workers, std::size_t bytes);

}  // namespace normlab::bench
