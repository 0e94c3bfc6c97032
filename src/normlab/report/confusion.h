// How often each class is taken for each other, as a picture for gnuplot.
#pragma once

#include <string>
#include <vector>

#include "normlab/report/mistakes.h"

namespace normlab {

inline constexpr int kConfusionWidth = 1080;
inline constexpr int kConfusionHeight = 980;

// A script without terminal: rows are true classes, columns predicted ones. What is right (the
// diagonal) is grey; mistakes have a scale of colour of their own, or one would see the diagonal
// alone. The share that is right stands at the end of each row. Of several runs the numbers are
// means over them. `name`: of the run, or of what the runs repeat.
std::string confusion_figure(const std::string& name, const MistakeCounts& counts,
                             const std::vector<std::string>& class_names);

}  // namespace normlab
