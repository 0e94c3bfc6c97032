// Shows a sweep at work: a line for each run that has ended, and on a terminal a live line below.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "normlab/cli/live_line.h"
#include "normlab/cli/live_output.h"
#include "normlab/experiment/estimate.h"
#include "normlab/experiment/sweep_runner.h"

namespace normlab {

class SweepDisplay : public SweepObserver {
 public:
  // `how_to_go_on` closes the message when the user stops the sweep.
  SweepDisplay(const Experiment& experiment, bool quiet, std::string how_to_go_on);

  // Says what lies ahead: how many runs, how long, how much disk.
  void announce(const SweepPlan& plan, std::size_t left, const SweepEstimate& estimate);

  void run_begins(int job, std::size_t run, const RunResult& result) override;
  // Throws Interrupted after Ctrl-C.
  void batch_done(int job, const Progress& progress) override;
  void run_ends(int job, std::size_t run, const RunResult& result) override;
  void remark(const std::string& text) override;

 private:
  using Clock = std::chrono::steady_clock;

  // What a job is at.
  struct Job {
    std::size_t run = 0;
    bool is_busy = false;
    int epochs_before = 0;  // done before this process
    double epochs_done = 0;
  };

  Job& at(int job);
  double seconds_of(const Job& job) const;
  double seconds_done() const;
  double seconds_left() const;
  SweepAtWork at_work() const;

  const Experiment& experiment_;
  LiveOutput output_;
  std::string how_to_go_on_;
  std::size_t name_width_ = 0;
  std::vector<double> epoch_seconds_;  // [run], as estimated
  double all_seconds_ = 0;             // of all runs that are left, as if one after the other
  double ended_seconds_ = 0;           // of those that have ended, likewise
  int jobs_at_once_ = 1;
  std::size_t runs_ = 0;  // of the plan
  std::size_t ended_ = 0;
  std::size_t ended_before_ = 0;  // this process
  std::vector<Job> jobs_;
  Clock::time_point started_;
  Clock::time_point last_shown_;
};

// "120 MB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace normlab
