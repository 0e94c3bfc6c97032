// Pieces of text that several commands print.
#pragma once

#include <string>

#include "normlab/nn/norm.h"

namespace normlab {

// "group norm, 4 groups".
std::string describe_norm(const Norm& norm);

}  // namespace normlab
