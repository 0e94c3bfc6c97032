// A network as a table, in the layout that users of PyTorch's torchsummary know.
#pragma once

#include <string>

#include "normlab/nn/network.h"

namespace normlab {

// One row per layer with PyTorch's name of it, its output shape (-1: any number of samples) and the
// number of its parameters; then totals, and memory in MB of 2^20 bytes: the input, every layer's
// output twice (values and gradients), and the parameters. Ends with a newline.
std::string summary(const Network& network);

}  // namespace normlab
