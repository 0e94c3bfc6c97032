// Arms over their seeds, as gnuplot scripts without terminal.
#pragma once

#include <string>

#include "normlab/report/comparison.h"

namespace normlab {

inline constexpr int kArmFigureWidth = 1400;

// They grow with what is in them.
int seeds_figure_height(const Comparison& comparison);
int differences_figure_height(const Comparison& comparison);

// A row per arm: the last epoch's accuracy of each seed as a dot, their mean with its 95 % interval
// (Student's t) below.
std::string seeds_figure(const Comparison& comparison, const std::string& experiment);

// A row per pair: the difference with its interval, and where no difference is; the ones that are
// real after Holm's correction are coloured. At most 40 pairs, those with the smallest p.
std::string differences_figure(const Comparison& comparison, const std::string& experiment);

}  // namespace normlab
