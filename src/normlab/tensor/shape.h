// The shape of one sample.
#pragma once

#include <cstddef>
#include <string>

namespace normlab {

struct Shape {
  int channels = 1;
  int height = 1;
  int width = 1;

  std::size_t size() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  int pixels() const { return height * width; }

  friend bool operator==(const Shape&, const Shape&) = default;
};

// "8x26x26": channels, height, width.
std::string to_string(const Shape& shape);

}  // namespace normlab
