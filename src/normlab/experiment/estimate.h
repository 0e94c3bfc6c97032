// What a sweep will take, from a short measurement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "normlab/experiment/datasets.h"
#include "normlab/experiment/sweep_runner.h"

namespace normlab {

struct SweepEstimate {
  std::vector<double> epoch_seconds;  // [run of the experiment]: of an epoch of it
  double seconds = 0;                 // until the last of the runs that are left ends
  std::uint64_t bytes = 0;            // that they will take on the disk
  int measured = 0;                   // settings that were tried
};

// Trains some steps of settings that are left, as many at a time as the plan does, and looks at
// some test images. Runs that differ in their seed alone take equally long; of more than 24 other
// settings a sample is measured, and the rest counted as its mean. `is_stopped` is asked between
// measurements; throws Interrupted then.
SweepEstimate estimate(const Experiment& experiment, const SweepPlan& plan,
                       const ExperimentResults& results, const std::vector<std::size_t>& left,
                       Datasets& datasets, const std::function<bool()>& is_stopped);

}  // namespace normlab
