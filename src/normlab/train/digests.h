// A short sum of each array of a network, so that two trainings can be compared epoch by epoch
// without keeping the weights of every epoch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "normlab/nn/network.h"

namespace normlab {

// The first 64 bits of the SHA-256 of each array's bytes (float32, little endian), read as a big
// endian number: parameters, then running statistics, in the order in which the network has them.
std::vector<std::uint64_t> digest_arrays(const Network& network);

// The names of those arrays: "conv1.0.weight".
std::vector<std::string> array_names(const Network& network);

}  // namespace normlab
