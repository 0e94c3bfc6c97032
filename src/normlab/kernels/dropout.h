// The factors of dropout on one tile (Srivastava et al., JMLR 2014, in the "inverted" form; per
// channel: Tompson et al., CVPR 2015). What scale.h multiplies with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "normlab/base/random.h"

namespace normlab {

struct DropoutDraw {
  float probability;                       // of a 0, in [0, 1)
  RandomOrigin origin;                     // whose sample is replaced by each of:
  std::span<const std::uint32_t> samples;  // positions in the data set, at most 16
};

// factors: [count][16], assigned. In lane l, factors[i] is 0 if the i-th number of sample l's
// stream is below `probability`, as RandomStream::uniform() draws it, and 1 / (1 - probability)
// otherwise and in lanes without a sample. The same numbers on every instruction set.
void dropout_factors(float* factors, std::size_t count, const DropoutDraw& draw);

}  // namespace normlab
