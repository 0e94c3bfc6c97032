#include "normlab/report/gallery.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "normlab/base/text.h"
#include "normlab/data/disputed_labels.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/text.h"

namespace normlab {
namespace {

constexpr int kColumns = 5;
constexpr int kRows = 2;
constexpr int kImageSide = 224;  // a MNIST digit, eight times enlarged
constexpr int kGalleryCellWidth = 268;
constexpr int kLeft = (kGalleryWidth - (kColumns - 1) * kGalleryCellWidth - kImageSide) / 2;
constexpr int kTop = 104;
constexpr int kFirstLine = 22;  // its middle, below the image
constexpr int kLineHeight = 25;
constexpr int kGap = 47;  // from the last line to the next image

// gnuplot's plane ends this many pixels before the picture does, and its whole numbers are centres
// of pixels. With both, one unit is one pixel, and the squares of an enlarged image meet without
// the seams of half-covered pixels.
constexpr double kShortfall = 1.005;
constexpr double kHalfPixel = 0.5;

constexpr auto kTrueColour = "#0072B2";
constexpr auto kPredictedColour = "#C24E00";
constexpr auto kDisputedColour = "#8A2F6B";

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

std::string confidence_text(double probability) {
  return probability >= 0.9995 ? "> 99.9 %" : fmt::format("{:.1f} %", 100 * probability);
}

const DisputedLabel* find_dispute(const Dataset& test_set, int index) {
  for (const DisputedLabel& dispute : disputed_labels(test_set)) {
    if (dispute.index == index) return &dispute;
  }
  return nullptr;
}

// What most of the raters said.
std::string describe(const DisputedLabel& dispute, const std::vector<std::string>& class_names) {
  const std::string& given = class_names[static_cast<std::size_t>(dispute.given)];
  const std::string& suggested = class_names[static_cast<std::size_t>(dispute.suggested)];
  const int raters = dispute.for_given + dispute.for_suggested + dispute.for_neither;
  if (dispute.for_neither > std::max(dispute.for_given, dispute.for_suggested)) {
    return fmt::format("disputed: neither {} nor {}, {} of {}", given, suggested,
                       dispute.for_neither, raters);
  }
  if (dispute.for_given == dispute.for_suggested) {
    return fmt::format("disputed: {} or {}, {} of {} each", given, suggested, dispute.for_given,
                       raters);
  }
  return fmt::format("disputed: raters say {}, {} of {}", suggested, dispute.for_suggested, raters);
}

int count_disputed(const std::vector<Mistake>& mistakes, const Dataset& test_set) {
  return static_cast<int>(std::count_if(
      mistakes.begin(), mistakes.end(),
      [&](const Mistake& mistake) { return find_dispute(test_set, mistake.index) != nullptr; }));
}

std::string number_or_none(int number) { return number == 0 ? "none" : with_thousands(number); }

const char* disputed_label(int number) {
  return number > 1 ? "disputed labels" : "a disputed label";
}

// The lines below an image.
int count_lines(const MistakeCounts& counts, const Dataset& test_set) {
  return 3 + (counts.runs() > 1 ? 1 : 0) + (disputed_labels(test_set).empty() ? 0 : 1);
}

int cell_height(const MistakeCounts& counts, const Dataset& test_set) {
  return kImageSide + count_lines(counts, test_set) * kLineHeight + kGap;
}

std::string lines_below(const Mistake& mistake, const MistakeCounts& counts,
                        const Dataset& test_set, int x, int below) {
  const auto name = [&](int label) {
    return shorten(test_set.class_names[static_cast<std::size_t>(label)], 16);
  };
  int y = below + kFirstLine;
  std::string script = label_at(x, y, "true " + name(mistake.label), 15, kTrueColour);
  y += kLineHeight;
  script += label_at(x, y, "predicted " + name(mistake.predicted), 15, kPredictedColour);
  y += kLineHeight;
  script += label_at(x + kImageSide, y, fmt::format("#{}", mistake.index), 12, "#888888", "right");
  const std::string probability = confidence_text(mistake.probability);
  if (counts.runs() == 1) {
    script += label_at(x, y, probability, 15, "#222222");
  } else {
    const std::string seeds = fmt::format("{} of {} seeds", mistake.runs, counts.runs());
    script += label_at(x, y, seeds, 15, "#222222");
    y += kLineHeight;
    script += label_at(x, y, "mean " + probability, 15, "#222222");
  }
  if (const DisputedLabel* dispute = find_dispute(test_set, mistake.index)) {
    y += kLineHeight;
    script += label_at(x, y, describe(*dispute, test_set.class_names), 11, kDisputedColour);
  }
  return script;
}

}  // namespace

int gallery_height(const MistakeCounts& counts, const Dataset& test_set) {
  return kTop + kRows * cell_height(counts, test_set);
}

std::string gallery_title(const std::string& name, const MistakeCounts& counts) {
  if (counts.runs() == 1) return name + ": the most confident mistakes";
  return fmt::format("{}: the most frequent mistakes of {} seeds", name, counts.runs());
}

std::string gallery_summary(const MistakeCounts& counts, const Dataset& test_set) {
  const std::vector<Mistake> mistakes = counts.mistakes();
  std::string text = fmt::format(
      "{} of {} test images {} misclassified", with_thousands(static_cast<int>(mistakes.size())),
      with_thousands(counts.images()), mistakes.size() == 1 ? "is" : "are");
  const bool are_known = !mistakes.empty() && !disputed_labels(test_set).empty();
  const int disputed = count_disputed(mistakes, test_set);
  if (counts.runs() == 1) {
    return are_known ? fmt::format("{}, {} of them with {}", text, number_or_none(disputed),
                                   disputed_label(disputed))
                     : text;
  }
  std::vector<Mistake> by_all = mistakes;
  std::erase_if(by_all, [&](const Mistake& mistake) { return mistake.wrong_runs < counts.runs(); });
  text += " by at least one seed";
  if (are_known)
    text += fmt::format(" ({} with {})", number_or_none(disputed), disputed_label(disputed));
  text += fmt::format(", {} by all", number_or_none(static_cast<int>(by_all.size())));
  if (are_known && !by_all.empty()) {
    text += fmt::format(" ({})", number_or_none(count_disputed(by_all, test_set)));
  }
  return text;
}

std::string gallery_figure(const std::string& name, const MistakeCounts& counts,
                           const Dataset& test_set) {
  std::vector<Mistake> mistakes = counts.mistakes();
  std::string script = fmt::format(
      "set encoding utf8\nunset border\nunset tics\nunset key\n"
      "set lmargin at screen 0\nset rmargin at screen 1\n"
      "set bmargin at screen 0\nset tmargin at screen 1\n"
      "set xrange [0:{}]\nset yrange [{}:0]\n",
      kGalleryWidth - kShortfall, gallery_height(counts, test_set) - kShortfall);
  script += label_at(kLeft, 44, gallery_title(shorten(name, 40), counts), 22, "#222222");
  std::string summary = gallery_summary(counts, test_set);
  if (mistakes.size() > kColumns * kRows) {
    summary += "; ten are shown";
    mistakes.resize(kColumns * kRows);
  }
  script += label_at(kLeft, 79, summary, 14, "#666666");
  if (mistakes.empty()) {
    script += label_at(kLeft, kTop + 60, "Not one: every test image is classified correctly.", 17,
                       "#222222");
  }
  const bool invert = test_set.shape.channels == 1 && has_dark_ground(test_set, mistakes);
  std::string plots = "plot -1 notitle";
  for (int cell = 0; cell < static_cast<int>(mistakes.size()); ++cell) {
    const Mistake& mistake = mistakes[static_cast<std::size_t>(cell)];
    const int x = kLeft + cell % kColumns * kGalleryCellWidth;
    const int y = kTop + cell / kColumns * cell_height(counts, test_set);
    const Drawing drawing = draw_image(test_set, mistake.index, invert, cell, x, y);
    script += drawing.data;
    plots += ", \\\n  " + drawing.plot;
    script += fmt::format(
        "set object rectangle from {},{} to {},{} fillstyle empty border linecolor rgb '#bbbbbb' "
        "linewidth 0.7 front\n",
        x, y, x + kImageSide, y + kImageSide);
    script += lines_below(mistake, counts, test_set, x, y + kImageSide);
  }
  return script + plots + "\n";
}

}  // namespace normlab
