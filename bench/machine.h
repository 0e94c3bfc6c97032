// What the machine can do at most: the limits beside which kernels are shown.
#pragma once

#include "normlab/base/workers.h"

namespace normlab::bench {

// Single-precision GFLOP/s of multiply-adds (two operations each) on the instruction set in use,
// from registers alone, by all workers together. Throws Error if the sums come out wrong.
double multiply_add_peak(Workers& workers);

// GB/s read plus written by copying arrays that no cache below the last level holds.
double copy_bandwidth(Workers& workers);

}  // namespace normlab::bench
