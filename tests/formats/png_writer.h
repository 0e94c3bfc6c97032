// PNG files of any kind, as other programs make them.
#pragma once

#include <png.h>

#include <cstddef>
#include <vector>

#include "normlab/formats/png.h"

namespace normlab {

struct PngOptions {
  int bit_depth = 8;
  int colour_type = PNG_COLOR_TYPE_GRAY;
  bool interlaced = false;
  std::vector<png_color> palette;
  std::vector<png_byte> palette_alpha;
};

// `rows` are the bytes of each row as the file holds them.
std::vector<std::byte> png_of(int width, int height, const PngOptions& options,
                              const std::vector<std::vector<png_byte>>& rows);

std::vector<std::byte> png_of(const Image& image);

}  // namespace normlab
