#include "normlab/data/augment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace normlab {
namespace {

// Brightness and contrast change a pixel by its value alone, so both together are one table, and
// the motion looks it up while it moves pixels: no copy of the image in between.
using ValueMap = std::array<std::uint8_t, 256>;

ValueMap identity() {
  ValueMap map;
  for (std::size_t value = 0; value < map.size(); ++value) {
    map[value] = static_cast<std::uint8_t>(value);
  }
  return map;
}

// map = degenerate + factor * (map - degenerate) in float, clipped, truncated: PIL's blend.
void blend(ValueMap& map, int degenerate, float factor) {
  for (std::uint8_t& value : map) {
    const float blended =
        static_cast<float>(degenerate) + factor * static_cast<float>(value - degenerate);
    value = static_cast<std::uint8_t>(std::clamp(blended, 0.0f, 255.0f));
  }
}

// The mean of the mapped image, to the nearest integer, halves up.
int mean_after(const ValueMap& map, std::span<const std::uint8_t> image, const Shape& shape) {
  std::uint64_t sum = 0;
  std::size_t count = image.size();
  if (shape.channels == 3) {
    // ITU-R 601 luma in 16 fractional bits, rounded: PIL's conversion of RGB to grey.
    count /= 3;
    const std::uint8_t* const red = image.data();
    const std::uint8_t* const green = red + count;
    const std::uint8_t* const blue = green + count;
    for (std::size_t i = 0; i < count; ++i) {
      sum += (19595u * map[red[i]] + 38470u * map[green[i]] + 7471u * map[blue[i]] + 32768u) >> 16;
    }
  } else {
    for (const std::uint8_t value : image) sum += map[value];
  }
  return static_cast<int>(static_cast<double>(sum) / static_cast<double>(count) + 0.5);
}

ValueMap colour_map(const Augmentation& augmentation, std::span<const std::uint8_t> image,
                    const Shape& shape) {
  ValueMap map = identity();
  if (!augmentation.contrast_first) blend(map, 0, augmentation.brightness);
  blend(map, mean_after(map, image, shape), augmentation.contrast);
  if (augmentation.contrast_first) blend(map, 0, augmentation.brightness);
  return map;
}

// To 15 decimals, correctly rounded. PIL does so before it builds its matrix; it also hides the
// last-bit differences between mathematical libraries.
double round_to_15_decimals(double value) {
  std::array<char, 32> text;
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 15);
  std::from_chars(text.data(), written.ptr, value);
  return value;
}

// Where a pixel of the result comes from: x = x0 + column * dx_column + row * dx_row, likewise y,
// in 16 fractional bits. 64-bit, so that no image is large enough to overflow.
struct Motion {
  std::int64_t x0, dx_column, dx_row;
  std::int64_t y0, dy_column, dy_row;
};

std::int64_t fixed_point(double value) {
  return static_cast<std::int64_t>(std::floor(value * 65536.0 + 0.5));
}

// Rotation and growth about the middle of the image, then the shift, by PIL's and torchvision's
// order of operations: every rounding below decides which neighbour some pixel takes.
Motion motion(const Augmentation& augmentation, const Shape& shape) {
  double degrees = std::fmod(static_cast<double>(augmentation.angle_degrees), 360.0);
  if (degrees < 0.0) degrees += 360.0;
  const double angle = -(degrees * (std::numbers::pi / 180.0));
  const auto scale = static_cast<double>(augmentation.scale);
  const double cosine = round_to_15_decimals(std::cos(angle)) / scale;
  const double sine = round_to_15_decimals(std::sin(angle)) / scale;
  const double middle_x = shape.width / 2.0;
  const double middle_y = shape.height / 2.0;
  const double from_x = -middle_x - augmentation.shift_x;
  const double from_y = -middle_y - augmentation.shift_y;
  const double x = cosine * from_x + sine * from_y + middle_x;
  const double y = -sine * from_x + cosine * from_y + middle_y;
  return {.x0 = fixed_point(x + cosine * 0.5 + sine * 0.5),
          .dx_column = fixed_point(cosine),
          .dx_row = fixed_point(sine),
          .y0 = fixed_point(y + -sine * 0.5 + cosine * 0.5),
          .dy_column = fixed_point(-sine),
          .dy_row = fixed_point(cosine)};
}

void move(std::uint8_t* to, const std::uint8_t* from, const Shape& shape, const Motion& motion,
          const ValueMap& map, std::uint8_t fill) {
  const std::int64_t width = shape.width;
  const std::int64_t height = shape.height;
  for (std::int64_t row = 0; row < height; ++row, to += width) {
    const std::int64_t row_x = motion.x0 + row * motion.dx_row;
    const std::int64_t row_y = motion.y0 + row * motion.dy_row;
    const auto inside = [&](std::int64_t column) {
      const std::int64_t x = (row_x + column * motion.dx_column) >> 16;
      const std::int64_t y = (row_y + column * motion.dy_column) >> 16;
      return x >= 0 && x < width && y >= 0 && y < height;
    };
    // A row of the result is a straight line through the source: what lies outside is at its ends.
    std::int64_t begin = 0;
    std::int64_t end = width;
    while (begin < end && !inside(begin)) to[begin++] = fill;
    while (begin < end && !inside(end - 1)) to[--end] = fill;
    std::int64_t x = row_x + begin * motion.dx_column;
    std::int64_t y = row_y + begin * motion.dy_column;
    for (std::int64_t column = begin; column < end; ++column) {
      to[column] = map[from[(y >> 16) * width + (x >> 16)]];
      x += motion.dx_column;
      y += motion.dy_column;
    }
  }
}

float draw_factor(float spread, RandomStream& random) {
  return random.uniform(std::max(1.0f - spread, 0.0f), 1.0f + spread);
}

// Whole pixels; of a drawn half the even neighbour, as torchvision rounds.
int draw_shift(float most, RandomStream& random) {
  return static_cast<int>(std::nearbyint(random.uniform(-most, most)));
}

}  // namespace

Augmentation draw_augmentation(const AugmentOptions& options, RandomStream& random) {
  Augmentation drawn;
  drawn.contrast_first = random.below(2) == 1;
  drawn.brightness = draw_factor(options.brightness, random);
  drawn.contrast = draw_factor(options.contrast, random);
  drawn.angle_degrees = random.uniform(-options.rotation_degrees, options.rotation_degrees);
  drawn.shift_x = draw_shift(options.shift, random);
  drawn.shift_y = draw_shift(options.shift, random);
  drawn.scale = draw_factor(options.scale, random);
  return options.enabled ? drawn : Augmentation{};
}

void augment(std::span<std::uint8_t> to, std::span<const std::uint8_t> from, const Shape& shape,
             const Augmentation& augmentation, std::uint8_t fill) {
  const ValueMap map = colour_map(augmentation, from, shape);
  const Motion moved = motion(augmentation, shape);
  const auto plane = static_cast<std::size_t>(shape.pixels());
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(shape.channels); ++channel) {
    move(to.data() + channel * plane, from.data() + channel * plane, shape, moved, map, fill);
  }
}

}  // namespace normlab
