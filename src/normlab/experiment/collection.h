// Puts together what several processes left in one folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "normlab/experiment/datasets.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"

namespace normlab {

struct Collection {
  Experiment experiment;
  ExperimentResults results;
  std::vector<std::string> missing;  // names of runs that have not ended
  std::vector<std::string> remarks;  // where the machines differ in what may change bits
};

// Reads experiment.toml, and of each run result.json or, if it has not ended, history.csv. Writes
// nothing. Throws Error if a file is damaged, if a run had other settings than experiment.toml has
// now or other data than `datasets`, or if shards had other data.
Collection collect(const std::filesystem::path& folder, Datasets& datasets);

}  // namespace normlab
