// Test accuracy and test loss of all runs against the epoch, as gnuplot scripts without terminal
// (their size: line_figure.h). Where runs repeat one another a line is the mean of an arm, from
// five runs on, and if there are no more than eight arms, with its 95 % interval (Student's t) as a
// band.
#pragma once

#include <string>

#include "normlab/experiment/results.h"

namespace normlab {

// On the axis of use_error_axis().
std::string accuracy_figure(const ExperimentResults& results, int test_images);

// On a logarithmic scale. Values that are not finite are left out.
std::string loss_figure(const ExperimentResults& results);

}  // namespace normlab
