#include "normlab/report/sweep_figures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "normlab/report/gnuplot.h"
#include "normlab/report/line_figure.h"
#include "normlab/report/text.h"
#include "normlab/statistics/descriptive.h"

namespace normlab {
namespace {

constexpr int kCellWidth = 150;
constexpr int kCellHeight = 74;
constexpr int kTopFrame = 96;
constexpr int kBottomFrame = 110;
constexpr int kCharacterWidth = 12;

// Of the finished runs of an arm, percent.
std::vector<double> accuracies_of(const std::string& arm, const ExperimentResults& results) {
  std::vector<double> accuracies;
  for (const RunResult& run : results.runs) {
    if (run.arm != arm || run.status != RunStatus::kFinished || run.epochs.empty()) continue;
    const double accuracy = run.epochs.back().test_accuracy;
    if (std::isfinite(accuracy)) accuracies.push_back(accuracy);
  }
  return accuracies;
}

// "train.batch_size (schedule.learning_rate goes along)".
std::string label_of(const SweptAxis& axis) {
  if (axis.along.empty()) return axis.key;
  return fmt::format("{} ({} {} along)", axis.key, fmt::join(axis.along, ", "),
                     axis.along.size() == 1 ? "goes" : "go");
}

// A logarithmic axis where the values span much, a plain one where they do not; and where one of
// them is 0 or the small ones would fall together, evenly spaced places.
enum class Spacing { kPlain, kLogarithmic, kEven };

Spacing spacing_of(const std::vector<double>& values) {
  const double least = values.front();
  const double span = values.back() - least;
  if (least > 0 && values.back() / least >= 8) return Spacing::kLogarithmic;
  double gap = span;
  for (std::size_t i = 1; i < values.size(); ++i) gap = std::min(gap, values[i] - values[i - 1]);
  return gap < span / 15 ? Spacing::kEven : Spacing::kPlain;
}

double place_of(double value, const std::vector<double>& values, Spacing spacing) {
  if (spacing != Spacing::kEven) return value;
  return static_cast<double>(std::lower_bound(values.begin(), values.end(), value) -
                             values.begin());
}

std::string x_axis(const std::vector<double>& values, Spacing spacing) {
  const double first = place_of(values.front(), values, spacing);
  const double last = place_of(values.back(), values, spacing);
  std::string script;
  if (spacing == Spacing::kLogarithmic) {
    const double room = std::pow(last / first, 0.03);
    script +=
        fmt::format("set logscale x\nset xrange [{:.12g}:{:.12g}]\n", first / room, last * room);
  } else {
    const double room = 0.03 * (last - first);
    script += fmt::format("set xrange [{:.12g}:{:.12g}]\n", first - room, last + room);
  }
  std::string tics;
  for (const double value : values) {
    tics += fmt::format("{}{} {:.12g}", tics.empty() ? "" : ", ", quote(fmt::format("{}", value)),
                        place_of(value, values, spacing));
  }
  return script + fmt::format("set xtics ({})\n", tics);
}

// From the palette "viridis" (Smith and van der Walt, 2015), dark for the greatest error.
constexpr std::array<std::uint32_t, 6> kPalette = {0x440154, 0x414487, 0x2a788e,
                                                   0x22a884, 0x7ad151, 0xfde725};

// The palette's colour at a level from 0 to 1.
std::string colour_at(double level) {
  const double place = level * static_cast<double>(kPalette.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), kPalette.size() - 2);
  const double share = place - static_cast<double>(below);
  const auto mixed = [&](int shift) {
    const auto part = [&](std::uint32_t colour) {
      return static_cast<double>(colour >> shift & 0xff);
    };
    return std::lround((1 - share) * part(kPalette[below]) + share * part(kPalette[below + 1]));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mixed(16), mixed(8), mixed(0));
}

int label_width(const std::vector<std::string>& labels) {
  std::size_t longest = 0;
  for (const std::string& label : labels) longest = std::max(longest, character_count(label));
  return static_cast<int>(std::min<std::size_t>(longest, 24)) * kCharacterWidth;
}

int left_frame(const SweptGrid& grid) { return 90 + label_width(grid.rows.labels); }

std::string tics_of(const std::vector<std::string>& labels) {
  std::string tics;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    tics += fmt::format("{}{} {}", i == 0 ? "" : ", ", quote(shorten(labels[i], 24)), i);
  }
  return tics;
}

}  // namespace

std::string axis_figure(const SweptAxis& axis, const ExperimentResults& results, int test_images) {
  LineFigure figure;
  const Spacing spacing = spacing_of(axis.values);
  std::size_t most = 0;
  for (const SweptAxis::Line& swept : axis.lines) {
    Line line{shorten(swept.label.empty() ? results.experiment : swept.label, 26), {}};
    for (const SweptAxis::Point& point : swept.points) {
      const std::vector<double> accuracies = accuracies_of(point.arm, results);
      if (accuracies.empty()) continue;
      most = std::max(most, accuracies.size());
      line.points.push_back({.x = place_of(point.value, axis.values, spacing),
                             .y = mean(accuracies),
                             .interval = t_interval(accuracies)});
    }
    figure.lines.push_back(std::move(line));
  }
  figure.title =
      fmt::format("{}: test accuracy over {}", shorten(results.experiment, 40), axis.key);
  if (most > 1) figure.title += ", mean and 95 % interval";
  figure.x_label = label_of(axis);
  if (spacing == Spacing::kEven) figure.x_label += ", evenly spaced";
  figure.x_axis = x_axis(axis.values, spacing);
  figure.y_label = "Test accuracy of the last epoch (%), error rate on a log scale";
  use_error_axis(figure, test_images);
  return line_figure(figure);
}

int grid_figure_width(const SweptGrid& grid) {
  return std::max(
      700, left_frame(grid) + 40 + kCellWidth * static_cast<int>(grid.columns.labels.size()));
}

int grid_figure_height(const SweptGrid& grid) {
  return kTopFrame + kBottomFrame + kCellHeight * static_cast<int>(grid.rows.labels.size());
}

std::string grid_figure(const SweptGrid& grid, const ExperimentResults& results, int test_images) {
  const double all_right = 50.0 / std::max(test_images, 1);
  const int width = grid_figure_width(grid);
  const int height = grid_figure_height(grid);
  std::vector<std::vector<std::optional<double>>> means;
  double least = 100;
  double most = all_right;
  for (const auto& row : grid.arms) {
    means.emplace_back();
    for (const std::string& arm : row) {
      const std::vector<double> accuracies = accuracies_of(arm, results);
      means.back().push_back(accuracies.empty() ? std::nullopt : std::optional(mean(accuracies)));
      if (!means.back().back()) continue;
      const double error = std::clamp(100 - *means.back().back(), all_right, 100.0);
      least = std::min(least, error);
      most = std::max(most, error);
    }
  }
  // From 0 for the greatest error to 1 for the least.
  const auto level_of = [&](double accuracy) {
    const double error = std::clamp(100 - accuracy, all_right, 100.0);
    return most > least ? std::log(most / error) / std::log(most / least) : 0.5;
  };
  std::string cells;
  std::string numbers;
  for (std::size_t row = 0; row < means.size(); ++row) {
    for (std::size_t column = 0; column < means[row].size(); ++column) {
      const std::optional<double>& value = means[row][column];
      // One by one: an image would be spread over what is there, where a cell has no finished run.
      if (value) {
        cells += fmt::format(
            "set object rectangle center {},{} size 1,1 behind fillcolor rgb '{}' fillstyle solid "
            "noborder\n",
            column, row, colour_at(level_of(*value)));
      }
      numbers += fmt::format("set label {} at {},{} center font ',15' textcolor rgb '{}' front\n",
                             quote(value ? fmt::format("{:.2f}", *value) : "–"), column, row,
                             value && level_of(*value) < 0.55 ? "#ffffff" : "#111111");
    }
  }
  std::string script = figure_style();
  script += "unset grid\nset key off\n";
  script += fmt::format(
      "set label {} at graph 0, screen {:.4f} left font ',20' textcolor rgb '#222222'\n",
      quote(fmt::format("{}: mean test accuracy (%)", shorten(results.experiment, 40))),
      1 - 48.0 / height);
  script += fmt::format("set lmargin at screen {:.5f}\nset rmargin at screen {:.5f}\n",
                        static_cast<double>(left_frame(grid)) / width, 1 - 30.0 / width);
  script += fmt::format("set tmargin at screen {:.5f}\nset bmargin at screen {:.5f}\n",
                        1 - static_cast<double>(kTopFrame) / height,
                        static_cast<double>(kBottomFrame) / height);
  script += fmt::format("set xrange [-0.5:{}.5]\nset yrange [{}.5:-0.5]\n",
                        grid.columns.labels.size() - 1, grid.rows.labels.size() - 1);
  script += fmt::format("set xtics ({}) scale 0\nset ytics ({}) scale 0\n",
                        tics_of(grid.columns.labels), tics_of(grid.rows.labels));
  script +=
      fmt::format("set xlabel {}\nset ylabel {}\n", quote(grid.columns.key), quote(grid.rows.key));
  return script + cells + numbers + "plot -1 notitle\n";  // nothing but its frame
}

}  // namespace normlab
