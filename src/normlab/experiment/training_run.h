// One run of an experiment in its folder: from its first epoch or its checkpoint to its files.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "normlab/base/workers.h"
#include "normlab/experiment/datasets.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"
#include "normlab/nn/network.h"
#include "normlab/train/trainer.h"

namespace normlab {

// What results.json says of a run that has not begun.
RunResult describe(const RunSettings& settings);

// All that a run's numbers depend on, its settings and the sums of its data's files, as its
// checkpoints keep it (Checkpoint), and the SHA-256 of that, as its result.json does (EndedRun).
std::string settings_text(const RunSettings& settings, const DatasetPair& data);
std::string settings_sum(const std::string& settings_text);

class TrainingRun {
 public:
  // Refers to all that it is given. `folder` is the run's own, and need not be there yet.
  TrainingRun(const RunSettings& settings, std::filesystem::path folder, const DatasetPair& data,
              Workers& workers);

  // Takes up what the folder holds: the newest whole checkpoint, and whether the run has ended.
  // `remark` is told of a checkpoint that is damaged. Throws Error if none is whole, or if it was
  // made with other settings or data.
  void restore(const std::function<void(const std::string&)>& remark);

  // What is known of the run, after every epoch of it too.
  const RunResult& result() const { return result_; }

  // Finished, or failed: nothing is left to train.
  bool has_ended() const { return result_.status != RunStatus::kInterrupted; }

  // Trains what is left and writes the run's files: the checkpoint, history.csv and digests.csv
  // after each epoch (then `epoch_done` is called), model.safetensors, predictions.csv and
  // result.json at the end. A loss that is no number any more ends the run as failed. What
  // `batch_done` throws goes through, and the run can be gone on with.
  void train(const std::function<void(const Progress&)>& batch_done,
             const std::function<void(const EpochRecord&)>& epoch_done);

 private:
  void train_epochs(const std::function<void(const Progress&)>& batch_done,
                    const std::function<void(const EpochRecord&)>& epoch_done);
  // Whether the files of a run that has finished are there and whole. Those that are not are made
  // again from the last checkpoint.
  bool has_outcome() const;
  std::string digests() const;
  void save_history() const;
  void save_outcome() const;
  void end_as(RunStatus status, const std::string& message);

  const RunSettings& settings_;
  std::filesystem::path folder_;
  const DatasetPair& data_;
  Workers& workers_;
  std::string settings_text_;  // everything that the run depends on
  Network network_;
  TrainingState state_;
  bool newest_is_damaged_ = false;  // of the checkpoints
  RunResult result_;
};

}  // namespace normlab
