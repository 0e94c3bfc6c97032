// What a sweep shows over its settings, as gnuplot scripts without terminal. Values are those of
// the last epoch on the test images, of the runs that have finished.
#pragma once

#include <string>

#include "normlab/experiment/results.h"
#include "normlab/report/swept_axes.h"

namespace normlab {

// A line per combination of the other settings: mean accuracy against the swept number, with 95 %
// intervals (Student's t) where runs repeat one another. Its size: line_figure.h. The axis of y is
// that of use_error_axis().
std::string axis_figure(const SweptAxis& axis, const ExperimentResults& results, int test_images);

// The mean accuracies as numbers on coloured cells; the colours are evenly spaced in the logarithm
// of the error, as the axes of the lines are.
std::string grid_figure(const SweptGrid& grid, const ExperimentResults& results, int test_images);

// The grid's size in pixels.
int grid_figure_width(const SweptGrid& grid);
int grid_figure_height(const SweptGrid& grid);

}  // namespace normlab
