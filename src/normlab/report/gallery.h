// The most confident mistakes of a run as a picture, for gnuplot.
#pragma once

#include <string>
#include <vector>

#include "normlab/data/dataset.h"
#include "normlab/experiment/predictions.h"

namespace normlab {

inline constexpr int kGalleryWidth = 1400;
inline constexpr int kGalleryHeight = 794;

// A script without terminal: up to ten images, five in a row, each with its true class, the
// predicted class and that class's probability. Grey images on a dark ground are shown as ink on
// paper. The predictions must be those of the test set (report.cc sees to it).
std::string gallery_figure(const std::string& run, const Predictions& predictions,
                           const Dataset& test_set);

}  // namespace normlab
