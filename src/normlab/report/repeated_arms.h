// The statistics of an experiment that repeats its arms, as part of its own results.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "normlab/experiment/results.h"
#include "normlab/report/comparison.h"

namespace normlab {

// Compares the arms of the experiment in `folder`, each with each. Nothing if no arm has two
// finished runs, or its runs were tested on different data. Throws Error if results.json is missing
// or damaged.
std::optional<Comparison> compare_repeated_arms(const std::filesystem::path& folder);

// Writes that into the folder's results.json, under "statistics", and gives it; without a
// comparison the file is left as it is. Only for whoever holds the folder. Throws WriteError as
// well.
std::optional<Comparison> add_statistics(const std::filesystem::path& folder);

// For a terminal: a table of the arms, and what the comparison comes to. At most ten verdicts,
// those with the smallest p; normlab compare says the rest.
std::string repeated_arms_text(const ExperimentResults& results,
                               const std::optional<Comparison>& comparison);

}  // namespace normlab
