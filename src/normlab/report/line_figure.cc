#include "normlab/report/line_figure.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "normlab/report/gnuplot.h"

namespace normlab {
namespace {

// Okabe and Ito, "Color universal design" (2008), without its yellow, which is lost on white. With
// four dashes, 28 lines differ in colour or dash.
constexpr std::array kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                 "#E69F00", "#56B4E9", "#000000"};
constexpr std::array kDashes = {"solid", "(14,5)", "(4,3)", "(14,4,3,4)"};
constexpr std::array kMarkers = {7, 5, 9, 13, 11, 6, 4, 8, 12, 10};

const char* colour_of(std::size_t line) { return kColours[line % kColours.size()]; }

// All that the axis has to show. An interval that reaches down to nothing, where a logarithmic axis
// never comes, counts to a quarter of its value.
std::vector<double> values_of(const std::vector<Line>& lines) {
  std::vector<double> values;
  for (const Line& line : lines) {
    for (const LinePoint& point : line.points) {
      values.push_back(point.y);
      if (!point.interval) continue;
      values.push_back(std::max(point.interval->low, point.y / 4));
      values.push_back(std::min(point.interval->high, point.y * 4));
    }
  }
  return values;
}

std::string ticks_script(const LogAxis& axis) {
  std::string list;
  for (const Tick& tick : axis.ticks) {
    if (!list.empty()) list += ", ";
    const int level = tick.label.empty() ? 1 : 0;
    list += fmt::format("{} {:.12g} {}", quote(tick.label), tick.value, level);
  }
  return fmt::format("set ytics ({})\n", list);
}

std::string appearance(std::size_t line) {
  return fmt::format(
      "with linespoints linecolor rgb '{}' linewidth 1.7 dashtype {} pointtype {} pointsize "
      "default",
      colour_of(line), kDashes[line % kDashes.size()], kMarkers[line % kMarkers.size()]);
}

// x, y, low, high; a value without interval has none of any width. Ends lie on the axis.
std::string data_of(const Line& line, const LogAxis& axis) {
  std::string rows;
  for (const LinePoint& point : line.points) {
    const Interval interval = point.interval.value_or(Interval{point.y, point.y});
    rows += fmt::format("{:.12g} {:.12g} {:.12g} {:.12g}\n", point.x, point.y,
                        std::max(interval.low, axis.low),
                        std::clamp(interval.high, axis.low, axis.high));
  }
  return rows;
}

bool has_intervals(const Line& line) {
  return std::any_of(line.points.begin(), line.points.end(),
                     [](const LinePoint& point) { return point.interval.has_value(); });
}

std::string frame_of(const LineFigure& figure) {
  std::string script = figure_style();
  // A label and no title: gnuplot centres a title above the axes, and a long one would not fit.
  script +=
      fmt::format("set label {} at graph 0, screen 0.95 left font ',22' textcolor rgb '#222222'\n",
                  quote(figure.title));
  script += fmt::format("set xlabel {}\nset ylabel {} offset -0.5,0\n", quote(figure.x_label),
                        quote(figure.y_label));
  script += figure.x_axis;
  const auto [bottom, top] = figure.upside_down ? std::pair(figure.y_axis.high, figure.y_axis.low)
                                                : std::pair(figure.y_axis.low, figure.y_axis.high);
  script += fmt::format("set logscale y\nset yrange [{:.12g}:{:.12g}]\n", bottom, top);
  script += ticks_script(figure.y_axis);
  // Many lines need closer rows to stay on the page.
  const double spacing = std::clamp(22.0 / static_cast<double>(figure.lines.size() + 1), 0.7, 1.6);
  script += fmt::format(
      "set key outside right top vertical Left reverse samplen 3.2 spacing {:.2f} width 1 "
      "textcolor rgb '#222222' title {} left\n",
      spacing, quote(figure.legend_title));
  return script + "set lmargin 11\nset tmargin 4\nset bmargin 4.5\n";
}

}  // namespace

void use_error_axis(LineFigure& figure, int test_images) {
  const double all_right = 50.0 / std::max(test_images, 1);
  const auto error_of = [&](double accuracy) {
    return std::clamp(100 - accuracy, all_right, 100.0);
  };
  for (Line& line : figure.lines) {
    for (LinePoint& point : line.points) {
      point.y = error_of(point.y);
      if (point.interval) {
        point.interval = Interval{error_of(point.interval->high), error_of(point.interval->low)};
      }
    }
  }
  std::vector<double> errors = values_of(figure.lines);
  if (errors.empty()) errors = {1, 100};
  const auto label = [&](double error) { return fmt::format("{:.10g}", 100 - error); };
  figure.y_axis = make_log_axis(errors, 0.04, label);
  figure.y_axis.high = std::min(figure.y_axis.high, 110.0);
  std::erase_if(figure.y_axis.ticks, [](const Tick& tick) { return tick.value > 100.0; });
  if (*std::min_element(errors.begin(), errors.end()) <= all_right) {
    std::erase_if(figure.y_axis.ticks,
                  [&](const Tick& tick) { return tick.value < 1.3 * all_right; });
    figure.y_axis.ticks.insert(figure.y_axis.ticks.begin(), {all_right, "100"});
  }
  figure.upside_down = true;
}

void use_loss_axis(LineFigure& figure) {
  constexpr double kLeast = 1e-9;
  constexpr double kMost = 1e99;  // with room above, gnuplot would draw no axis to 1e308
  for (Line& line : figure.lines) {
    for (LinePoint& point : line.points) point.y = std::clamp(point.y, kLeast, kMost);
  }
  std::vector<double> losses = values_of(figure.lines);
  if (losses.empty()) losses = {0.01, 1};
  figure.y_axis =
      make_log_axis(losses, 0.04, [](double loss) { return fmt::format("{:.4g}", loss); });
}

std::string line_figure(const LineFigure& figure) {
  std::string script = frame_of(figure);
  std::string grounds;
  std::string plots;
  for (std::size_t i = 0; i < figure.lines.size(); ++i) {
    const Line& line = figure.lines[i];
    if (line.points.empty()) {
      plots += fmt::format(", \\\n  keyentry {} title {}", appearance(i), quote(line.title));
      continue;
    }
    script += fmt::format("$line{} << END\n{}END\n", i, data_of(line, figure.y_axis));
    plots += fmt::format(", \\\n  $line{} using 1:2 {} pointinterval {} title {}", i, appearance(i),
                         figure.marker_every, quote(line.title));
    if (!has_intervals(line)) continue;
    if (figure.has_bands) {
      grounds += fmt::format(
          ", \\\n  $line{} using 1:3:4 with filledcurves fillcolor rgb '{}' fillstyle transparent "
          "solid 0.16 noborder notitle",
          i, colour_of(i));
    } else {
      grounds += fmt::format(
          ", \\\n  $line{} using 1:2:3:4 with yerrorbars pointtype -1 linewidth 1.2 linecolor rgb "
          "'{}' notitle",
          i, colour_of(i));
    }
  }
  // The axes appear even if no line has a point yet.
  script += fmt::format("$corner << END\n1 {:.12g}\nEND\n", figure.y_axis.low);
  return script + "plot $corner using 1:2 with dots linecolor rgb 'white' notitle" + grounds +
         plots + "\n";
}

}  // namespace normlab
