// A normalization as files hold it: {"kind": "group", "groups": 4, "eps": 1e-05, "momentum": 0.1,
// "affine": true}. What only few norms read (alpha, r_max, d_max, virtual_batch, placement,
// weight_standardization) is there where it is not what it is by default.
#pragma once

#include <string>

#include "normlab/nn/norm.h"

namespace normlab {

std::string to_json(const Norm& norm);

// Throws Error beginning with `source` for text that is no such object.
Norm norm_from_json(const std::string& text, const std::string& source);

}  // namespace normlab
