// Lines against a common scale, each value perhaps with an interval, as gnuplot scripts without
// terminal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "normlab/report/log_axis.h"
#include "normlab/statistics/interval.h"

namespace normlab {

inline constexpr int kLineFigureWidth = 1400;
inline constexpr int kLineFigureHeight = 800;

struct LinePoint {
  double x = 0;
  double y = 0;                      // positive and finite when drawn
  std::optional<Interval> interval;  // of y
};

struct Line {
  std::string title;
  std::vector<LinePoint> points;  // in ascending order of x; none: in the legend alone
};

struct LineFigure {
  std::string title;
  std::string x_label;
  std::string x_axis;  // gnuplot's commands for range and tics
  std::string y_label;
  LogAxis y_axis;
  bool upside_down = false;  // the axis of y
  bool has_bands = false;    // intervals are a ground behind the line; else bars on the points
  int marker_every = 1;      // points of a line
  std::string legend_title;
  std::vector<Line> lines;
};

// Turns accuracies (percent) into the share of errors on a logarithmic axis, labelled as accuracy:
// 99.1 and 99.2 lie as far apart as 91 and 92, and a run that dips to 60 leaves them there.
// `test_images` says where 100 % is drawn: half an error.
void use_error_axis(LineFigure& figure, int test_images);

// For losses: a logarithmic axis from 1e-9, and to 1e99.
void use_loss_axis(LineFigure& figure);

std::string line_figure(const LineFigure& figure);

}  // namespace normlab
