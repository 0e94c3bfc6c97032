// A logarithmic axis with labels where there is room for them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace normlab {

struct Tick {
  double value = 0;
  std::string label;  // empty: a line without a label
};

struct LogAxis {
  double low = 0;
  double high = 0;
  std::vector<Tick> ticks;
};

// An axis that shows all of `values` (positive, finite) with a little room around, and never less
// than a third of an octave, so that a single value can be shown too. Labels are at least `gap` of
// the axis' length apart; round numbers (1, 2, 5) come first.
LogAxis make_log_axis(std::span<const double> values, double gap,
                      const std::function<std::string(double)>& label);

}  // namespace normlab
