// Every kernel at the shapes of a network, on one tile and one thread, each alone.
#pragma once

#include <string>
#include <vector>

#include "normlab/nn/network.h"

namespace normlab::bench {

struct KernelTiming {
  std::string operation;  // "conv2d_forward"
  std::string shape;      // "8x26x26 -> 16, 3x3"
  std::string kernel;     // "3x3"; empty for what is no convolution
  double seconds = 0;     // of one call, the best of all
  double peak = 0;        // GFLOP/s of multiply-adds in turns with it; 0 where memory is the limit
  std::vector<double> shares = {};  // of the peak, one per group of rounds
  double operations = 0;  // multiplications and additions of one call; 0 where memory is the limit
  double bytes = 0;       // read and written once each
  double numbers = 0;     // elements of the input
  double error = 0;       // relative L2 distance from plain loops in double
};

// Throws Error naming the first kernel that is not within 1e-5 of the reference; a kernel that is
// not correct is not timed.
// A convolution that reads the network's input is timed without its input gradient, which no step
// computes; what the network has twice is timed once; dropout is left to the account of the step.
// A norm stands for batch, layer and, where four groups divide its channels, group norm.
std::vector<KernelTiming> time_kernels(const Network& network);

}  // namespace normlab::bench
