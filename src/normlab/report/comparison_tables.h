// A comparison as tables and text.
#pragma once

#include <string>

#include "normlab/report/comparison.h"
#include "normlab/report/tables.h"

namespace normlab {

// One row per arm: the last epoch's test accuracy over its seeds.
Table arm_table(const Comparison& comparison);

// One row per arm with predictions: NLL, Brier score, calibration error, and the class it is worst
// at. No rows if there are none.
Table score_table(const Comparison& comparison);

// One row per pair of arms; no rows for a single arm.
Table pair_table(const Comparison& comparison);

// "LN beats GN by ...", a line each, with a full stop; what is left out, a line each, and the rest
// of many with one reason as a number.
std::string verdict_lines(const Comparison& comparison);
std::string left_out_lines(const Comparison& comparison);

// All of it, for the terminal.
std::string comparison_text(const Comparison& comparison);

}  // namespace normlab
