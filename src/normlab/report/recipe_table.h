// The recipe of an experiment in words.
#pragma once

#include "normlab/experiment/experiment.h"
#include "normlab/report/tables.h"

namespace normlab {

// Two columns: what, and how; where runs differ, the second names them.
Table recipe_table(const Experiment& experiment);

}  // namespace normlab
