// Pictures of another size.
#pragma once

#include <span>
#include <vector>

namespace normlab {

// A plane of height x width values, resized. Where it shrinks, every new pixel is the mean of the
// area it covers; where it grows, neighbours are interpolated. Sizes are at least 1.
std::vector<float> resample(std::span<const float> plane, int height, int width, int new_height,
                            int new_width);

}  // namespace normlab
