// Test accuracy and test loss of all runs against the epoch, as gnuplot scripts without terminal.
#pragma once

#include <string>

#include "normlab/experiment/results.h"

namespace normlab {

inline constexpr int kCurvesWidth = 1400;
inline constexpr int kCurvesHeight = 800;

// The axis is the share of errors on a logarithmic scale, labelled as accuracy: 99.1 and 99.2 lie
// as far apart as 91 and 92, and a run that dips to 60 leaves them there. `test_images` says where
// 100 % is drawn: half an error.
std::string accuracy_figure(const ExperimentResults& results, int test_images);

// On a logarithmic scale. Values that are not finite are left out.
std::string loss_figure(const ExperimentResults& results);

}  // namespace normlab
