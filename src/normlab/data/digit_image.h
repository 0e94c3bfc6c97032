// A picture of a digit as MNIST's pictures of digits are.
//
// MNIST: "The original black and white (bilevel) images from NIST were size normalized to fit in a
// 20x20 pixel box while preserving their aspect ratio. The resulting images contain grey levels as
// a result of the anti-aliasing technique used by the normalization algorithm. The images were
// centered in a 28x28 image by computing the center of mass of the pixels, and translating the
// image so as to position this point at the center of the 28x28 field" (LeCun, Cortes, Burges).
// All 10,000 test images fit that with the box's corner at round(14 - centre of mass), counted from
// the centres of pixels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "normlab/formats/png.h"
#include "normlab/tensor/shape.h"

namespace normlab {

inline constexpr int kDigitSide = 28;

// [28][28], light ink on dark. The ground is what most of the picture's rim is, and the ink what
// differs from it, darker or lighter; noise of the ground is taken off. Throws Error naming
// `source` for a picture that shows nothing.
std::vector<std::uint8_t> prepare_digit(const Image& image, const std::string& source);

// Any other picture: resized to the shape, made grey or coloured as it says; [C][H][W].
std::vector<std::uint8_t> fit_image(const Image& image, const Shape& shape);

}  // namespace normlab
