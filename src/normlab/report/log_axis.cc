#include "normlab/report/log_axis.h"

#include <algorithm>
#include <cmath>

namespace normlab {
namespace {

// Mantissas in hundredths, from round to odd: a coarser level that fills the axis makes the finer
// ones needless. Within a level the first that finds room wins.
const std::vector<std::vector<int>>& levels() {
  static const std::vector<std::vector<int>> result = [] {
    const auto every = [](int step) {
      std::vector<int> values;
      for (int value = 100; value < 1000; value += step) values.push_back(value);
      return values;
    };
    return std::vector<std::vector<int>>{
        {100, 200, 500}, {100, 200, 500, 800, 400, 300, 600, 700, 900},
        every(50),       every(20),
        every(10),       every(5),
        every(2),        every(1)};
  }();
  return result;
}

constexpr std::size_t kEnoughTicks = 6;

}  // namespace

LogAxis make_log_axis(std::span<const double> values, double gap,
                      const std::function<std::string(double)>& label) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double centre = (std::log10(*least) + std::log10(*most)) / 2;
  constexpr double kLeastReach = 0.05;  // decades to either side
  constexpr double kRoom = 1.08;
  const double reach = std::max(std::log10(*most / *least) / 2 * kRoom, kLeastReach);

  LogAxis axis;
  axis.low = std::pow(10.0, centre - reach);
  axis.high = std::pow(10.0, centre + reach);
  const double least_distance = gap * 2 * reach;
  const auto is_free = [&](double value) {
    return std::all_of(axis.ticks.begin(), axis.ticks.end(), [&](const Tick& tick) {
      return std::abs(std::log10(value / tick.value)) >= least_distance;
    });
  };
  const int first = static_cast<int>(std::floor(std::log10(axis.low)));
  const int last = static_cast<int>(std::floor(std::log10(axis.high)));
  std::vector<double> lines;  // candidates of the last level that was used
  for (const std::vector<int>& level : levels()) {
    lines.clear();
    for (int decade = first; decade <= last; ++decade) {
      for (const int mantissa : level) {
        const double value = mantissa * std::pow(10.0, decade - 2);
        if (value < axis.low || value > axis.high) continue;
        lines.push_back(value);
        if (is_free(value)) axis.ticks.push_back({value, label(value)});
      }
    }
    if (axis.ticks.size() >= kEnoughTicks) break;
  }
  for (const double line : lines) {
    const bool labelled = std::any_of(axis.ticks.begin(), axis.ticks.end(),
                                      [&](const Tick& tick) { return tick.value == line; });
    if (!labelled) axis.ticks.push_back({line, ""});
  }
  std::sort(axis.ticks.begin(), axis.ticks.end(),
            [](const Tick& a, const Tick& b) { return a.value < b.value; });
  return axis;
}

}  // namespace normlab
