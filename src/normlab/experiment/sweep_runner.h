// Trains the runs of an experiment several at a time, each on processors of its own.
//
// The threads of one process share the images; a run's bits do not depend on how many threads it
// has or on what runs beside it, so neither plan nor machine changes a result.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "normlab/experiment/datasets.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/results.h"
#include "normlab/experiment/run_directory.h"
#include "normlab/train/trainer.h"

namespace normlab {

// A part of an experiment's runs, for one of several processes that share a folder.
struct Shard {
  int number = 1;  // from 1
  int of = 1;
};

// "2/4"; throws UsageError for anything else.
Shard parse_shard(const std::string& text);

// Positions of the runs of a shard, in the order of training. The runs of each arm are dealt out in
// turn: arms may take unequally long.
std::vector<std::size_t> runs_of(const Experiment& experiment, const Shard& shard);

// Which runs, and how many at a time.
struct SweepPlan {
  std::vector<std::size_t> runs;  // positions in the experiment, in the order of training
  std::optional<Shard> shard;     // the directory is shared: runs are claimed
  int jobs = 1;                   // runs at a time
  int threads = 1;                // of each
};

// Told what goes on, from the threads of the jobs, one call at a time.
class SweepObserver {
 public:
  virtual ~SweepObserver() = default;
  // `job` is from 0; `run` its position in the experiment; `result` what is known from before.
  virtual void run_begins(int job, std::size_t run, const RunResult& result) = 0;
  // To stop the sweep, throw Interrupted; every job then stops at its next batch.
  virtual void batch_done(int job, const Progress& progress) = 0;
  virtual void run_ends(int job, std::size_t run, const RunResult& result) = 0;
  virtual void remark(const std::string& text) = 0;
};

class SweepRunner {
 public:
  // Looks at what the directory holds from before. The experiment is a completed one (runner.h);
  // all that is given must outlive the runner. Throws as run_experiment().
  SweepRunner(const Experiment& experiment, const RunDirectory& directory, Datasets& datasets,
              SweepPlan plan, SweepObserver& observer);

  // What is known now; its runs are those of the plan, in the order of the experiment.
  const ExperimentResults& results() const { return results_; }

  // Of the plan, what has not ended yet, in the order of training.
  std::vector<std::size_t> left() const;

  // With a shard, runs that another process is at work on are passed over, and the results are
  // written to results-2-of-4.json instead.
  //
  // Trains what is left. A run whose loss is no number any more fails, and the others go on; other
  // errors end all jobs, and the first of them is thrown here. results.json and results.csv are
  // written when a run ends and not with each epoch: that would be the whole file, for hundreds of
  // runs, thousands of times.
  void run();

 private:
  void serve(int job);
  void train(int job, std::size_t run, Workers& workers);
  RunResult& result_of(std::size_t run);
  void write_results() const;

  const Experiment& experiment_;
  const RunDirectory& directory_;
  Datasets& datasets_;
  SweepPlan plan_;
  SweepObserver& observer_;
  ExperimentResults results_;
  std::vector<std::size_t> places_;  // [run]: where it stands in results_

  std::mutex mutex_;  // guards the results, their files and the observer
  std::vector<std::size_t> queue_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> is_stopped_{false};
  std::exception_ptr failure_;
};

}  // namespace normlab
