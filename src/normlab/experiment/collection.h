// Puts together what several processes left in one folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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
// nothing. Throws Error if a file is damaged, or if shards had other data.
Collection collect(const std::filesystem::path& folder);

}  // namespace normlab
