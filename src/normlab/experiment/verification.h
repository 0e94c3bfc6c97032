// Repeats what an experiment left, from its own experiment.toml, and compares the bits: of every
// epoch and of every file that does not hold times.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "normlab/base/workers.h"
#include "normlab/experiment/datasets.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"
#include "normlab/experiment/run_verification.h"

namespace normlab {

// What a folder says of itself.
struct RecordedExperiment {
  std::filesystem::path folder;
  Experiment experiment;
  ExperimentResults results;
};

// Throws Error naming the file if experiment.toml or results.json is missing or damaged.
RecordedExperiment read_recorded(const std::filesystem::path& folder);

// What there is of each run to repeat: the experiment with the epochs that were done (and, of a run
// that failed, the one in which it did), for a display.
Experiment part_to_repeat(const RecordedExperiment& recorded);

struct Verification {
  std::vector<RunVerdict> runs;
  std::vector<std::string> differences;  // of files that belong to no run
  // What was otherwise when the experiment ran and may change bits, a line each:
  // "compiler: GNU 12.2.0 there, Clang 14.0.6 here".
  std::vector<std::string> environment;

  bool is_same() const;
};

// Writes nothing. Of a run that was stopped, the epochs that are done are compared; one that failed
// must fail again, in the same epoch and with the same message. `verdict` is called after each run.
//
// Throws Error if the data are not those of the experiment, and what an observer throws.
Verification verify_experiment(RecordedExperiment recorded, Datasets& datasets, Workers& workers,
                               RunObserver& observer,
                               const std::function<void(const RunVerdict&)>& verdict);

}  // namespace normlab
