// Repeats one run and compares it with what is recorded of it, bit by bit.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "normlab/base/workers.h"
#include "normlab/experiment/datasets.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"
#include "normlab/experiment/runner.h"

namespace normlab {

struct RunVerdict {
  std::string name;
  RunStatus status = RunStatus::kInterrupted;  // as recorded
  int epochs = 0;                              // that were repeated
  int of_epochs = 0;                           // that the experiment asks for
  // A line each, in the order in which they were found: "epoch 2: conv1.0.weight differs".
  std::vector<std::string> differences;
};

// How many epochs there are to repeat: those that are done and, of a run that failed, the one in
// which it did.
int epochs_to_repeat(const RunResult& recorded);

// `folder` is the run's own. Files that are missing or damaged are differences. A run is not
// followed beyond the epoch in which its arrays part. The observer hears of the run's begin, its
// batches and its epochs.
RunVerdict verify_run(const RunSettings& settings, const RunResult& recorded,
                      const std::filesystem::path& folder, const DatasetPair& data,
                      Workers& workers, RunObserver& observer);

// "line 17 differs", of two texts that do differ.
std::string first_line_that_differs(const std::string& there, const std::string& here);

}  // namespace normlab
