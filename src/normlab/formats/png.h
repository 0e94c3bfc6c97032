// Pictures of bytes, read from PNG files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace normlab {

struct Image {
  int width = 0;
  int height = 0;
  int channels = 1;                  // 1: grey, 3: red, green, blue
  std::vector<std::uint8_t> pixels;  // [height][width][channels], sRGB

  Image() = default;
  Image(int image_width, int image_height, int image_channels, std::uint8_t value);

  std::uint8_t* at(int row, int column) { return pixels.data() + offset(row, column); }
  const std::uint8_t* at(int row, int column) const { return pixels.data() + offset(row, column); }

 private:
  std::size_t offset(int row, int column) const {
    return (static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(column)) *
           static_cast<std::size_t>(channels);
  }
};

// Any PNG: palettes, 1 to 16 bits, interlaced; what is transparent is seen before white. A grey
// picture has 1 channel, any other 3. Throws Error naming `source` for a picture that is none, is
// cut off or damaged, or has more than 2^26 pixels; the last before memory is taken for them.
Image read_png(const std::filesystem::path& path);
Image decode_png(std::span<const std::byte> bytes, const std::string& source);

}  // namespace normlab
