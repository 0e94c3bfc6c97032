// Shows an experiment at work: on a terminal a live line with a bar, elsewhere plain lines.
#pragma once

#include <chrono>
#include <string>

#include "normlab/cli/live_output.h"
#include "normlab/experiment/runner.h"

namespace normlab {

class ProgressDisplay : public RunObserver {
 public:
  // `how_to_go_on` closes the message when the user stops the experiment.
  ProgressDisplay(const Experiment& experiment, bool quiet, std::string how_to_go_on);

  void run_begins(const RunSettings& settings, const RunResult& result) override;
  // Throws Interrupted after Ctrl-C.
  void batch_done(const Progress& progress) override;
  void epoch_done(const EpochRecord& record) override;
  void run_ends(const RunResult& result) override;
  void remark(const std::string& text) override;

 private:
  using Clock = std::chrono::steady_clock;

  int line_width() const;
  double seconds_left(const Progress& progress) const;

  LiveOutput output_;
  std::string how_to_go_on_;
  int total_epochs_ = 0;       // of all runs
  int epochs_before_ = 0;      // of all runs, done before this epoch
  int epochs_here_ = 0;        // of them, those trained by this process
  Clock::time_point started_;  // the first epoch of this process
  bool has_started_ = false;
  Clock::time_point last_shown_;
  std::string run_;
  int run_epochs_ = 0;
  bool run_had_ended_ = false;  // before this process
};

}  // namespace normlab
