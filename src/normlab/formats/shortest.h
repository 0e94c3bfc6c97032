// Floats in files that hold doubles.
#pragma once

namespace normlab {

// The double nearest to the float's shortest decimal digits: 0.009 for 0.009f, where a conversion
// gives 0.008999999612569809. Rounding it to float gives the same float.
double shortest(float value);

}  // namespace normlab
