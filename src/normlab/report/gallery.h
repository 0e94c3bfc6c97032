// The mistakes of a run, or of the runs of an arm, as a picture, for gnuplot.
#pragma once

#include <string>

#include "normlab/data/dataset.h"
#include "normlab/report/mistakes.h"

namespace normlab {

inline constexpr int kGalleryWidth = 1400;
int gallery_height(const MistakeCounts& counts, const Dataset& test_set);

// A script without terminal: up to ten images, five in a row, each with its true class, the
// predicted class, that class's probability and, of several runs, how many predict it; a label that
// human raters disputed (data/disputed_labels.h) is marked. Grey images on a dark ground are shown
// as ink on paper. `name`: of the run, or of what the runs repeat. The counts must be of the test
// set (report.cc sees to it).
std::string gallery_figure(const std::string& name, const MistakeCounts& counts,
                           const Dataset& test_set);

// "GN: the most confident mistakes", "GN: the most frequent mistakes of 30 seeds".
std::string gallery_title(const std::string& name, const MistakeCounts& counts);

// "91 of 10,000 test images are misclassified, 9 of them with disputed labels".
std::string gallery_summary(const MistakeCounts& counts, const Dataset& test_set);

}  // namespace normlab
