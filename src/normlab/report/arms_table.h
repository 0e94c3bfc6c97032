// The arms of an experiment that repeats its runs from several seeds.
#pragma once

#include <string>
#include <vector>

#include "normlab/experiment/results.h"
#include "normlab/report/tables.h"

namespace normlab {

// Points into the results.
struct ArmOfRuns {
  std::string name;
  std::vector<const RunResult*> runs;  // in their order
};

// In the order in which they first appear.
std::vector<ArmOfRuns> arms_of(const ExperimentResults& results);

// Whether any arm has several runs.
bool has_repeated_arms(const ExperimentResults& results);

// What is scored after every epoch: the validation images, or the test images where there are none.
Scores seen_scores(const EpochRecord& record);

// One row per arm: how many of its runs have finished, and mean, standard deviation, least and
// greatest of their test accuracy after the last epoch.
Table arms_table(const ExperimentResults& results);

}  // namespace normlab
