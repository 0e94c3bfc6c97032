#include "normlab/report/arm_figures.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "normlab/report/gnuplot.h"
#include "normlab/report/labels.h"
#include "normlab/report/text.h"
#include "normlab/report/verdict.h"

namespace normlab {
namespace {

constexpr std::size_t kLongestLabel = 24;
constexpr std::size_t kMostPairs = 40;
constexpr int kRowHeight = 70;
constexpr int kFrameHeight = 190;

constexpr auto kDots = "#56B4E9";
constexpr auto kReal = "#0072B2";
constexpr auto kOpen = "#8a8a8a";

struct Row {
  std::string label;
  double value = 0;
  Interval interval;
  bool is_strong = false;
  std::vector<double> dots;
};

// Rows from the top down against a common scale.
std::string script_of(const std::string& title, const std::string& x_label,
                      const std::vector<Row>& rows, bool marks_zero) {
  std::string script = figure_style();
  script += "set grid noytics nomytics\n";
  // From the left edge: beside long labels what is left of the width is not enough for a title.
  script += fmt::format(
      "set label {} at screen 0.02, screen 1 offset 0,-1.6 left font ',22' textcolor rgb "
      "'#222222'\n",
      quote(title));
  script += fmt::format("set xlabel {}\n", quote(x_label));
  double low = marks_zero ? 0 : rows.front().value;
  double high = low;
  std::size_t longest = 0;
  std::string tics;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    low = std::min({low, row.interval.low, row.value});
    high = std::max({high, row.interval.high, row.value});
    for (const double dot : row.dots) {
      low = std::min(low, dot);
      high = std::max(high, dot);
    }
    longest = std::max(longest, character_count(row.label));
    tics += fmt::format("{}{} {}", i == 0 ? "" : ", ", quote(row.label), i);
  }
  const double room = std::max(0.05 * (high - low), 0.005);
  script += fmt::format("set xrange [{:.12g}:{:.12g}]\n", low - room, high + room);
  script += fmt::format("set yrange [{:.2f}:-0.6]\nset ytics ({}) scale 0\n",
                        static_cast<double>(rows.size()) - 0.4, tics);
  script += fmt::format(
      "set lmargin {}\nset rmargin 4\nset tmargin 4\nset bmargin 4\nset key off\n", longest + 3);
  if (marks_zero) {
    script +=
        "set arrow from first 0, graph 0 to first 0, graph 1 nohead linewidth 1.2 linecolor "
        "rgb '#222222'\n";
  }
  std::string dots;
  std::string strong;
  std::string weak;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    for (std::size_t k = 0; k < row.dots.size(); ++k) {
      // Four levels, so that equal values stand beside each other.
      dots += fmt::format("{:.12g} {:.3f}\n", row.dots[k],
                          static_cast<double>(i) - 0.28 + 0.08 * static_cast<double>(k % 4));
    }
    (row.is_strong ? strong : weak) += fmt::format(
        "{:.12g} {:.3f} {:.12g} {:.12g}\n", row.value,
        static_cast<double>(i) + (row.dots.empty() ? 0 : 0.2), row.interval.low, row.interval.high);
  }
  std::string plots;
  const auto add = [&](const char* name, const std::string& data, const std::string& how) {
    if (data.empty()) return;
    script += fmt::format("${} << END\n{}END\n", name, data);
    plots += fmt::format("{}${} {}", plots.empty() ? "plot " : ", \\\n  ", name, how);
  };
  const auto bars = [](const char* colour) {
    return fmt::format("using 1:2:3:4 with xerrorbars pointtype 7 linewidth 2 linecolor rgb '{}'",
                       colour);
  };
  add("dots", dots, fmt::format("using 1:2 with points pointtype 7 linecolor rgb '{}'", kDots));
  add("strong", strong, bars(kReal));
  add("weak", weak, bars(kOpen));
  return script + plots + "\n";
}

int height_of(std::size_t rows) { return kFrameHeight + kRowHeight * static_cast<int>(rows); }

}  // namespace

int seeds_figure_height(const Comparison& comparison) {
  return height_of(comparison.statistics.size());
}

int differences_figure_height(const Comparison& comparison) {
  return height_of(std::min(comparison.pairs.size(), kMostPairs));
}

std::string seeds_figure(const Comparison& comparison, const std::string& experiment) {
  const std::vector<std::string> labels = arm_labels(comparison, kLongestLabel);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < comparison.statistics.size(); ++i) {
    const Summary& accuracy = comparison.statistics[i].accuracy;
    rows.push_back({.label = labels[i],
                    .value = accuracy.mean,
                    .interval = accuracy.interval.value_or(Interval{accuracy.mean, accuracy.mean}),
                    .is_strong = true,
                    .dots = comparison.arms.arms[i].accuracies()});
  }
  return script_of(
      fmt::format("{}: every seed, and the mean with its 95 % interval", shorten(experiment, 30)),
      "Test accuracy of the last epoch (%)", rows, /*marks_zero=*/false);
}

std::string differences_figure(const Comparison& comparison, const std::string& experiment) {
  std::vector<std::size_t> order(comparison.pairs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > kMostPairs) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return comparison.pairs[a].p_value < comparison.pairs[b].p_value;
    });
    order.resize(kMostPairs);
  }
  const std::vector<std::string> labels = arm_labels(comparison, kLongestLabel);
  std::vector<Row> rows;
  for (const std::size_t i : order) {
    const PairStatistics& pair = comparison.pairs[i];
    const double mean = pair.difference.mean;
    rows.push_back({.label = fmt::format("{} > {}", labels[pair.first], labels[pair.second]),
                    .value = mean,
                    .interval = pair.difference.interval.value_or(Interval{mean, mean}),
                    .is_strong = is_real(pair),
                    .dots = {}});
  }
  const std::string which = rows.size() == comparison.pairs.size()
                                ? "differences with 95 % intervals"
                                : fmt::format("the {} of {} differences of least p", rows.size(),
                                              comparison.pairs.size());
  return script_of(fmt::format("{}: {}, blue where real", shorten(experiment, 30), which),
                   "Difference in test accuracy of the last epoch (percentage points)", rows,
                   /*marks_zero=*/true);
}

}  // namespace normlab
