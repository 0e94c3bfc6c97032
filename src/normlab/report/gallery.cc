#include "normlab/report/gallery.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "normlab/base/text.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/mistakes.h"
#include "normlab/report/text.h"

namespace normlab {
namespace {

constexpr int kColumns = 5;
constexpr int kRows = 2;
constexpr int kImageSide = 224;  // a MNIST digit, eight times enlarged
constexpr int kCellWidth = 268;
constexpr int kCellHeight = 346;
constexpr int kLeft = (kGalleryWidth - (kColumns - 1) * kCellWidth - kImageSide) / 2;
constexpr int kTop = 104;

// gnuplot's plane ends this many pixels before the picture does, and its whole numbers are centres
// of pixels. With both, one unit is one pixel, and the squares of an enlarged image meet without
// the seams of half-covered pixels.
constexpr double kShortfall = 1.005;
constexpr double kHalfPixel = 0.5;

constexpr auto kTrueColour = "#0072B2";
constexpr auto kPredictedColour = "#C24E00";

// Text at a place in pixels from the upper left corner.
std::string label_at(double x, double y, const std::string& text, int size,
                     const std::string& colour, const char* side = "left") {
  return fmt::format("set label {} at {},{} {} font ',{}' textcolor rgb '{}' front\n", quote(text),
                     x, y, side, size, colour);
}

// Whether the images' rims are dark: then black is the ground and not the ink.
bool has_dark_ground(const Dataset& data, const std::vector<Mistake>& mistakes) {
  double sum = 0;
  double count = 0;
  const int height = data.shape.height;
  const int width = data.shape.width;
  for (const Mistake& mistake : mistakes) {
    const std::uint8_t* image = data.image(mistake.index);
    for (int row = 0; row < height; ++row) {
      for (int column = 0; column < width; ++column) {
        if (row > 0 && row < height - 1 && column > 0 && column < width - 1) continue;
        sum += image[row * width + column];
        ++count;
      }
    }
  }
  return count > 0 && sum / count < 64;
}

std::array<int, 3> colour_at(const Dataset& data, int index, int row, int column, bool invert) {
  const std::uint8_t* pixel = data.image(index) + row * data.shape.width + column;
  std::array<int, 3> colour{};
  for (int channel = 0; channel < 3; ++channel) {
    const int plane = data.shape.channels == 3 ? channel : 0;
    const int value = pixel[static_cast<std::ptrdiff_t>(plane) * data.shape.pixels()];
    colour[static_cast<std::size_t>(channel)] = invert ? 255 - value : value;
  }
  return colour;
}

// One image as data, and the part of the plot command that draws it.
struct Drawing {
  std::string data;
  std::string plot;
};

Drawing draw_image(const Dataset& data, int index, bool invert, int cell, double x, double y) {
  const int side = std::max(data.shape.height, data.shape.width);
  // Whole enlargements keep pixels square; larger images are thinned out.
  const int stride = (side + kImageSide - 1) / kImageSide;
  const int enlargement = kImageSide / side;
  const double scale = stride > 1 ? static_cast<double>(kImageSide) / side : enlargement;
  const double left = std::floor(x + (kImageSide - scale * data.shape.width) / 2) + kHalfPixel;
  const double top = std::floor(y + (kImageSide - scale * data.shape.height) / 2) + kHalfPixel;
  Drawing drawing;
  drawing.data = fmt::format("$image{} << END\n", cell);
  for (int row = 0; row < data.shape.height; row += stride) {
    for (int column = 0; column < data.shape.width; column += stride) {
      const auto [red, green, blue] = colour_at(data, index, row, column, invert);
      drawing.data += fmt::format("{} {} {} {} {}\n", left + (column + 0.5 * stride) * scale,
                                  top + (row + 0.5 * stride) * scale, red, green, blue);
    }
  }
  drawing.data += "END\n";
  drawing.plot = fmt::format("$image{} using 1:2:3:4:5 with rgbimage pixels notitle", cell);
  return drawing;
}

std::string percent(float probability) {
  return probability >= 0.9995f ? "> 99.9 %" : fmt::format("{:.1f} %", 100 * probability);
}

std::string heading(const std::string& run, std::size_t mistakes, int images) {
  const std::string rest =
      fmt::format("{} of {} test images are misclassified",
                  with_thousands(static_cast<int>(mistakes)), with_thousands(images));
  std::string script =
      label_at(kLeft, 44, shorten(run, 40) + ": the most confident mistakes", 22, "#222222");
  script += label_at(kLeft, 79, rest + (mistakes > kColumns * kRows ? "; ten are shown" : ""), 14,
                     "#666666");
  return script;
}

}  // namespace

std::string gallery_figure(const std::string& run, const Predictions& predictions,
                           const Dataset& test_set) {
  std::vector<Mistake> mistakes = find_mistakes(predictions);
  std::string script = fmt::format(
      "set encoding utf8\nunset border\nunset tics\nunset key\n"
      "set lmargin at screen 0\nset rmargin at screen 1\n"
      "set bmargin at screen 0\nset tmargin at screen 1\n"
      "set xrange [0:{}]\nset yrange [{}:0]\n",
      kGalleryWidth - kShortfall, kGalleryHeight - kShortfall);
  script += heading(run, mistakes.size(), predictions.size());
  if (mistakes.size() > kColumns * kRows) mistakes.resize(kColumns * kRows);
  if (mistakes.empty()) {
    script += label_at(kLeft, kTop + 60, "Not one: every test image is classified correctly.", 17,
                       "#222222");
  }
  const bool invert = test_set.shape.channels == 1 && has_dark_ground(test_set, mistakes);
  std::string plots = "plot -1 notitle";
  for (int cell = 0; cell < static_cast<int>(mistakes.size()); ++cell) {
    const Mistake& mistake = mistakes[static_cast<std::size_t>(cell)];
    const int x = kLeft + cell % kColumns * kCellWidth;
    const int y = kTop + cell / kColumns * kCellHeight;
    const Drawing drawing = draw_image(test_set, mistake.index, invert, cell, x, y);
    script += drawing.data;
    plots += ", \\\n  " + drawing.plot;
    script += fmt::format(
        "set object rectangle from {},{} to {},{} fillstyle empty border linecolor rgb '#bbbbbb' "
        "linewidth 0.7 front\n",
        x, y, x + kImageSide, y + kImageSide);
    const auto name = [&](int label) {
      return shorten(test_set.class_names[static_cast<std::size_t>(label)], 16);
    };
    const int below = y + kImageSide;
    script += label_at(x, below + 22, "true " + name(mistake.label), 15, kTrueColour);
    script += label_at(x, below + 47, "predicted " + name(mistake.predicted), 15, kPredictedColour);
    script += label_at(x, below + 72, percent(mistake.probability), 15, "#222222");
    script += label_at(x + kImageSide, below + 72, fmt::format("#{}", mistake.index), 12, "#888888",
                       "right");
  }
  return script + plots + "\n";
}

}  // namespace normlab
