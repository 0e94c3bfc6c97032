#include "normlab/experiment/sweep_runner.h"

#include <algorithm>
#include <span>
#include <thread>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/base/processors.h"
#include "normlab/base/workers.h"
#include "normlab/experiment/runner.h"
#include "normlab/experiment/training_run.h"

namespace normlab {
namespace {

// Each job has processors of its own if all of them are in use. Otherwise the system chooses:
// another sweep beside this one would pin its jobs to the same ones.
void settle(int job, const SweepPlan& plan, const std::vector<int>& processors) {
  const auto threads = static_cast<std::size_t>(plan.threads);
  if (processors.size() != static_cast<std::size_t>(plan.jobs) * threads) return;
  stay_on(std::span(processors).subspan(static_cast<std::size_t>(job) * threads, threads));
}

}  // namespace

SweepRunner::SweepRunner(const Experiment& experiment, const RunDirectory& directory,
                         Datasets& datasets, SweepPlan plan, SweepObserver& observer)
    : experiment_(experiment),
      directory_(directory),
      datasets_(datasets),
      plan_(std::move(plan)),
      observer_(observer),
      results_(begin_results(experiment, directory.path(), datasets, plan_.jobs * plan_.threads)),
      places_(experiment.runs.size()) {
  Workers workers(1);
  std::vector<std::size_t> in_order = plan_.runs;
  std::sort(in_order.begin(), in_order.end());
  for (const std::size_t run : in_order) {
    const RunSettings& settings = experiment_.runs[run];
    TrainingRun found(settings, directory_.path() / folder_of(settings.name),
                      datasets_.get(settings.data_name), workers);
    found.restore([&](const std::string& remark) { observer_.remark(remark); });
    places_[run] = results_.runs.size();
    results_.runs.push_back(found.result());
  }
  write_file_atomically(directory_.path() / "environment.json", results_.environment + "\n");
  write_results();
}

std::vector<std::size_t> SweepRunner::left() const {
  std::vector<std::size_t> runs;
  for (const std::size_t run : plan_.runs) {
    if (results_.runs[places_[run]].status == RunStatus::kInterrupted) runs.push_back(run);
  }
  return runs;
}

void SweepRunner::run() {
  queue_ = left();
  next_ = 0;
  {
    std::vector<std::jthread> jobs;
    const std::vector<int> processors = available_processors();
    for (int job = 0; job < plan_.jobs; ++job) {
      jobs.emplace_back([this, job, &processors] {
        settle(job, plan_, processors);
        serve(job);
      });
    }
  }
  if (failure_) std::rethrow_exception(failure_);
}

void SweepRunner::serve(int job) {
  try {
    Workers workers(plan_.threads);
    while (!is_stopped_) {
      const std::size_t at = next_.fetch_add(1);
      if (at >= queue_.size()) return;
      train(job, queue_[at], workers);
    }
  } catch (...) {
    is_stopped_ = true;
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

void SweepRunner::train(int job, std::size_t run, Workers& workers) {
  const RunSettings& settings = experiment_.runs[run];
  const std::filesystem::path folder = directory_.run_folder(folder_of(settings.name));
  TrainingRun training(settings, folder, datasets_.get(settings.data_name), workers);
  training.restore([](const std::string&) {});  // told before
  {
    const std::scoped_lock lock(mutex_);
    observer_.run_begins(job, run, training.result());
  }
  const auto keep = [&] {
    const std::scoped_lock lock(mutex_);
    result_of(run) = training.result();
  };
  training.train(
      [&](const Progress& progress) {
        if (is_stopped_) throw Interrupted("another job was stopped");
        const std::scoped_lock lock(mutex_);
        observer_.batch_done(job, progress);
      },
      [&](const EpochRecord&) { keep(); });
  keep();
  const std::scoped_lock lock(mutex_);
  write_results();
  observer_.run_ends(job, run, training.result());
}

RunResult& SweepRunner::result_of(std::size_t run) { return results_.runs[places_[run]]; }

void SweepRunner::write_results() const { write_all_results(directory_.path(), results_); }

}  // namespace normlab
