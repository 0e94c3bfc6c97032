// How often each class is taken for each other, as a picture for gnuplot.
#pragma once

#include <string>
#include <vector>

#include "normlab/experiment/predictions.h"

namespace normlab {

inline constexpr int kConfusionWidth = 1080;
inline constexpr int kConfusionHeight = 980;

// A script without terminal: rows are true classes, columns predicted ones. What is right (the
// diagonal) is grey; mistakes have a scale of colour of their own, or one would see the diagonal
// alone. The share that is right stands at the end of each row.
std::string confusion_figure(const std::string& run, const Predictions& predictions,
                             const std::vector<std::string>& class_names);

}  // namespace normlab
