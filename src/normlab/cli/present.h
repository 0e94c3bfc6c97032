// What `run`, `train` and `collect` do once runs have ended.
#pragma once

#include <filesystem>
#include <string>

#include "normlab/data/dataset.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"

namespace normlab {

// Adds the statistics to results.json of the folder, prints the table, writes summary.txt, draws
// figures and page unless `no_report`, and prints where they are. The network is that of `first`,
// whose text is complete. Throws Error, or Interrupted, with a way to draw them later.
void present(const std::filesystem::path& folder, const ExperimentResults& results,
             const RunSettings& first, const Dataset& test_set, bool no_report);

// "2 of 6 runs failed: GN, LN"; empty if none did.
std::string failed_text(const ExperimentResults& results);

}  // namespace normlab
