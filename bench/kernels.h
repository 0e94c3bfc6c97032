// Every kernel at the shapes of session6, on one tile and one thread, as the training step calls
// them.
#pragma once

#include <string>
#include <vector>

namespace normlab::bench {

struct KernelTiming {
  std::string operation;  // "conv2d_forward"
  std::string shape;      // "8x26x26 -> 16, 3x3"
  double seconds = 0;     // of one call
  double operations = 0;  // multiplications and additions of one call; 0 where memory is the limit
  double bytes = 0;       // read and written once each
  double numbers = 0;     // elements of the input
  double error = 0;       // relative L2 distance from plain loops in double
};

// Throws Error naming the first kernel that is not within 1e-5 of the reference; a kernel that is
// not correct is not timed.
std::vector<KernelTiming> time_kernels();

}  // namespace normlab::bench
