#include "normlab/cli/sweep_display.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/cli/interruption.h"
#include "normlab/report/text.h"

namespace normlab {
namespace {

constexpr auto kBetweenLines = std::chrono::milliseconds(200);
// Before that the pace says less than the estimate.
constexpr double kShareToTrust = 0.02;

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (number < 1e6) return fmt::format("{:.0f} kB", std::max(1.0, number / 1e3));
  if (number < 1e9) return fmt::format("{:.0f} MB", number / 1e6);
  return fmt::format("{:.1f} GB", number / 1e9);
}

SweepDisplay::SweepDisplay(const Experiment& experiment, bool quiet, std::string how_to_go_on)
    : experiment_(experiment), output_(quiet), how_to_go_on_(std::move(how_to_go_on)) {
  for (const RunSettings& run : experiment.runs) {
    name_width_ = std::max(name_width_, run.name.size());
  }
}

void SweepDisplay::announce(const SweepPlan& plan, std::size_t left,
                            const SweepEstimate& estimate) {
  runs_ = plan.runs.size();
  ended_ = runs_ - left;
  ended_before_ = ended_;
  jobs_at_once_ = plan.jobs;
  jobs_.resize(static_cast<std::size_t>(plan.jobs));
  epoch_seconds_ = estimate.epoch_seconds;
  started_ = Clock::now();
  std::string text = fmt::format("{} runs", runs_);
  if (runs_ < experiment_.runs.size()) text += fmt::format(" of {}", experiment_.runs.size());
  if (ended_ > 0) text += fmt::format(", {} ended before, {} left", ended_, left);
  if (left > 0) {
    text += fmt::format("; {} at a time, each on {} thread{}\n", plan.jobs, plan.threads,
                        plan.threads == 1 ? "" : "s");
    text += fmt::format("about {} ({} setting{} measured), {} on the disk\n",
                        duration(estimate.seconds), estimate.measured,
                        estimate.measured == 1 ? "" : "s", bytes_text(estimate.bytes));
  }
  output_.keep(text);
  // As one after the other, at the pace that was measured with all jobs at work.
  all_seconds_ = estimate.seconds * plan.jobs;
}

SweepDisplay::Job& SweepDisplay::at(int job) { return jobs_[static_cast<std::size_t>(job)]; }

void SweepDisplay::run_begins(int job, std::size_t run, const RunResult& result) {
  const auto before = static_cast<int>(result.epochs.size());
  at(job) = {run, true, before, static_cast<double>(before)};
}

void SweepDisplay::batch_done(int job, const Progress& progress) {
  if (was_interrupted()) {
    output_.clear();
    throw Interrupted(
        fmt::format("stopped, {} of {} runs have ended; {}", ended_, runs_, how_to_go_on_));
  }
  at(job).epochs_done = progress.epoch - 1 + static_cast<double>(progress.batch) / progress.batches;
  const auto now = Clock::now();
  if (!output_.has_live_line() || now - last_shown_ < kBetweenLines) return;
  last_shown_ = now;
  output_.show(live_line(at_work(), terminal_width(), output_.terminal()));
}

void SweepDisplay::run_ends(int job, std::size_t run, const RunResult& result) {
  at(job).epochs_done = experiment_.runs[run].recipe.epochs;
  ended_seconds_ += seconds_of(at(job));
  at(job).is_busy = false;
  ++ended_;
  const std::string place = fmt::format("{:>{}}/{}", ended_, std::to_string(runs_).size(), runs_);
  if (result.status == RunStatus::kFailed) {
    output_.failed(result.name, result.message);
    output_.keep(fmt::format("{}  {:<{}}  failed", place, result.name, name_width_));
    return;
  }
  const EpochRecord& last = result.epochs.back();
  output_.keep(fmt::format("{}  {:<{}}  {:.2f} %  loss {}  {}", place, result.name, name_width_,
                           last.test_accuracy, format_loss(last.test_loss),
                           duration(total_seconds(result.epochs))));
}

void SweepDisplay::remark(const std::string& text) { output_.remark(text); }

// Of the work of this process, as it was estimated.
double SweepDisplay::seconds_of(const Job& job) const {
  return (job.epochs_done - job.epochs_before) * epoch_seconds_[job.run];
}

double SweepDisplay::seconds_done() const {
  double done = ended_seconds_;
  for (const Job& job : jobs_) {
    if (job.is_busy) done += seconds_of(job);
  }
  return done;
}

double SweepDisplay::seconds_left() const {
  const double done = seconds_done();
  const double left = std::max(0.0, all_seconds_ - done);
  if (done <= 0 || done < kShareToTrust * all_seconds_) return left / jobs_at_once_;
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  return left * elapsed / done;
}

SweepAtWork SweepDisplay::at_work() const {
  const auto before = static_cast<double>(ended_before_);
  const auto runs = static_cast<double>(runs_);
  const double share = all_seconds_ > 0 ? std::min(1.0, seconds_done() / all_seconds_) : 0;
  SweepAtWork sweep = {.ended = ended_,
                       .runs = runs_,
                       .share = (before + (runs - before) * share) / runs,
                       .seconds_left = seconds_left(),
                       .at_work = {}};
  for (const Job& job : jobs_) {
    if (!job.is_busy) continue;
    const RunSettings& run = experiment_.runs[job.run];
    sweep.at_work.push_back({run.name, job.epochs_done, run.recipe.epochs});
  }
  return sweep;
}

}  // namespace normlab
