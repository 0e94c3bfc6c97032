// Trains the runs of an experiment one after the other and leaves what came of it.
#pragma once

#include <filesystem>
#include <string>

#include "normlab/base/workers.h"
#include "normlab/experiment/datasets.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"
#include "normlab/experiment/run_directory.h"
#include "normlab/train/trainer.h"

namespace normlab {

// Told what goes on. Called from the thread that runs the experiment.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  // `result`: what is known of the run from before.
  virtual void run_begins(const RunSettings& settings, const RunResult& result) = 0;
  // To stop the experiment at this batch, throw Interrupted.
  virtual void batch_done(const Progress& progress) = 0;
  virtual void epoch_done(const EpochRecord& record) = 0;
  virtual void run_ends(const RunResult& result) = 0;
  virtual void remark(const std::string& text) = 0;
};

// Fills in what a file may leave open, so that format_experiment() repeats the experiment alone:
// the text of the networks (looked for from `folder`, see resolve_model), mean and std of the
// pixels, folders of data as absolute paths. Then builds every network and trainer once, so that
// what does not fit is said before the first run and not after an hour: throws UsageError naming
// the run.
void complete(Experiment& experiment, const std::filesystem::path& folder, Datasets& datasets,
              Workers& workers);

// Results without runs yet: the name and this machine. Throws Error if the folder holds results of
// runs that the experiment does not know; they would be lost.
ExperimentResults begin_results(const Experiment& experiment, const std::filesystem::path& folder,
                                const Datasets& datasets, int threads);

// results.json and results.csv.
void write_all_results(const std::filesystem::path& folder, const ExperimentResults& results);

// Runs a completed experiment in its directory. What a directory holds from before is gone on with:
// runs that finished or failed are kept, others continue from their newest whole checkpoint, and
// end with the same bits as if they had never stopped. After each epoch are written: the run's
// checkpoint and history.csv, and results.json and results.csv of all; after each run
// model.safetensors, predictions.csv and result.json. A run whose loss is no number any more fails,
// and the others go on; other errors end the experiment, with all files whole.
ExperimentResults run_experiment(const Experiment& experiment, const RunDirectory& directory,
                                 Datasets& datasets, Workers& workers, RunObserver& observer);

}  // namespace normlab
