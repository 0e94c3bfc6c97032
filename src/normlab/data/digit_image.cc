#include "normlab/data/digit_image.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/data/resample.h"

namespace normlab {
namespace {

constexpr int kBoxSide = 20;

// A plane of floats with its size.
struct Plane {
  int height = 0;
  int width = 0;
  std::vector<float> values;

  float at(int row, int column) const {
    return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(column)];
  }
};

// Rec. 601 luma for colour.
Plane to_grey(const Image& image) {
  Plane plane{image.height, image.width, {}};
  plane.values.reserve(image.pixels.size() / static_cast<std::size_t>(image.channels));
  for (int row = 0; row < image.height; ++row) {
    for (int column = 0; column < image.width; ++column) {
      const std::uint8_t* pixel = image.at(row, column);
      plane.values.push_back(image.channels == 1 ? static_cast<float>(pixel[0])
                                                 : 0.299f * static_cast<float>(pixel[0]) +
                                                       0.587f * static_cast<float>(pixel[1]) +
                                                       0.114f * static_cast<float>(pixel[2]));
    }
  }
  return plane;
}

float median(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<float> rim(const Plane& plane) {
  std::vector<float> values;
  for (int column = 0; column < plane.width; ++column) {
    values.push_back(plane.at(0, column));
    values.push_back(plane.at(plane.height - 1, column));
  }
  for (int row = 0; row < plane.height; ++row) {
    values.push_back(plane.at(row, 0));
    values.push_back(plane.at(row, plane.width - 1));
  }
  return values;
}

// The picture as an amount of ink, 0 on the ground; all 0 if there is none.
Plane to_ink(Plane plane) {
  std::vector<float> border = rim(plane);
  const float ground = median(border);
  for (float& value : border) value = std::abs(value - ground);
  // Paper is never even: what differs no more than four times as much as the rim's usual pixel does
  // is paper. 0 for drawn pictures.
  const float noise = 4 * median(border);
  const auto [least, most] = std::minmax_element(plane.values.begin(), plane.values.end());
  const float sign = *most - ground > ground - *least ? 1.0f : -1.0f;
  for (float& value : plane.values) {
    const float ink = sign * (value - ground);
    value = ink > noise ? ink : 0.0f;
  }
  return plane;
}

// The smallest part that holds all ink; empty if there is none.
Plane crop_to_ink(const Plane& plane) {
  int top = plane.height;
  int bottom = -1;
  int left = plane.width;
  int right = -1;
  for (int row = 0; row < plane.height; ++row) {
    for (int column = 0; column < plane.width; ++column) {
      if (plane.at(row, column) == 0) continue;
      top = std::min(top, row);
      bottom = std::max(bottom, row);
      left = std::min(left, column);
      right = std::max(right, column);
    }
  }
  Plane part{std::max(bottom - top + 1, 0), std::max(right - left + 1, 0), {}};
  for (int row = top; row <= bottom; ++row) {
    for (int column = left; column <= right; ++column) part.values.push_back(plane.at(row, column));
  }
  return part;
}

Plane scale_into_box(const Plane& plane) {
  const double factor = static_cast<double>(kBoxSide) / std::max(plane.height, plane.width);
  const auto scaled = [&](int length) {
    return std::clamp(static_cast<int>(std::lround(length * factor)), 1, kBoxSide);
  };
  Plane box{scaled(plane.height), scaled(plane.width), {}};
  box.values = resample(plane.values, plane.height, plane.width, box.height, box.width);
  // Thin strokes become faint as they shrink; MNIST's ink is always black somewhere.
  const float most = *std::max_element(box.values.begin(), box.values.end());
  for (float& value : box.values) value *= 255 / most;
  return box;
}

// Row and column of the centre of mass, counted from the centre of the first pixel.
std::pair<double, double> centre_of_mass(const Plane& plane) {
  double mass = 0;
  double rows = 0;
  double columns = 0;
  for (int row = 0; row < plane.height; ++row) {
    for (int column = 0; column < plane.width; ++column) {
      const double value = plane.at(row, column);
      mass += value;
      rows += value * row;
      columns += value * column;
    }
  }
  return {rows / mass, columns / mass};
}

std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f)));
}

}  // namespace

std::vector<std::uint8_t> prepare_digit(const Image& image, const std::string& source) {
  const Plane ink = crop_to_ink(to_ink(to_grey(image)));
  if (ink.values.empty()) {
    throw Error(fmt::format(
        "{}: shows nothing but an even ground. Give a picture of one digit, dark on light or light "
        "on dark",
        source));
  }
  const Plane box = scale_into_box(ink);
  const auto [row_of_mass, column_of_mass] = centre_of_mass(box);
  const auto offset = [](double centre, int length) {
    return std::clamp(static_cast<int>(std::lround(kDigitSide / 2.0 - centre)), 0,
                      kDigitSide - length);
  };
  const int top = offset(row_of_mass, box.height);
  const int left = offset(column_of_mass, box.width);
  std::vector<std::uint8_t> digit(static_cast<std::size_t>(kDigitSide) * kDigitSide, 0);
  for (int row = 0; row < box.height; ++row) {
    for (int column = 0; column < box.width; ++column) {
      digit[static_cast<std::size_t>((top + row) * kDigitSide + left + column)] =
          to_byte(box.at(row, column));
    }
  }
  return digit;
}

std::vector<std::uint8_t> fit_image(const Image& image, const Shape& shape) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(shape.size());
  const bool grey = shape.channels == 1;
  for (int channel = 0; channel < shape.channels; ++channel) {
    Plane plane = grey ? to_grey(image) : Plane{image.height, image.width, {}};
    if (!grey) {
      const int source = image.channels == 1 ? 0 : channel % image.channels;
      for (int row = 0; row < image.height; ++row) {
        for (int column = 0; column < image.width; ++column) {
          plane.values.push_back(static_cast<float>(image.at(row, column)[source]));
        }
      }
    }
    for (const float value :
         resample(plane.values, plane.height, plane.width, shape.height, shape.width)) {
      pixels.push_back(to_byte(value));
    }
  }
  return pixels;
}

}  // namespace normlab
