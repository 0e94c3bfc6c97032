#include "normlab/experiment/sweep_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/base/processors.h"
#include "normlab/base/workers.h"
#include "normlab/experiment/runner.h"
#include "normlab/experiment/training_run.h"

namespace normlab {
Shard parse_shard(const std::string& text) {
  Shard shard;
  const auto slash = text.find('/');
  const auto read = [](std::string_view digits, int& number) {
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
  };
  const std::string_view all = text;
  if (slash == std::string::npos || !read(all.substr(0, slash), shard.number) ||
      !read(all.substr(slash + 1), shard.of) || shard.number < 1 || shard.number > shard.of) {
    throw UsageError(
        fmt::format("--shard {}: which of how many parts is needed, from 1/4 to 4/4", text));
  }
  return shard;
}

std::vector<std::size_t> runs_of(const Experiment& experiment, const Shard& shard) {
  std::map<std::string, int> arms;  // by name, in the order of their first runs
  std::vector<std::pair<int, std::size_t>> by_arm;
  for (std::size_t run = 0; run < experiment.runs.size(); ++run) {
    const RunSettings& settings = experiment.runs[run];
    const auto arm = arms.emplace(arm_of(settings), static_cast<int>(arms.size())).first;
    by_arm.emplace_back(arm->second, run);
  }
  std::sort(by_arm.begin(), by_arm.end());
  std::vector<std::size_t> runs;
  for (auto at = static_cast<std::size_t>(shard.number - 1); at < by_arm.size();
       at += static_cast<std::size_t>(shard.of)) {
    runs.push_back(by_arm[at].second);
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

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
                      datasets_.get(settings.data_name, settings.validation), workers);
    found.restore([&](const std::string& remark) { observer_.remark(remark); });
    places_[run] = results_.runs.size();
    results_.runs.push_back(found.result());
  }
  if (!plan_.shard) {
    write_file_atomically(directory_.path() / "environment.json", results_.environment + "\n");
  }
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
    const std::vector<int> processors = available_processors();
    std::vector<std::jthread> jobs;  // last: joined before what they read is gone
    for (int job = 0; job < plan_.jobs; ++job) {
      jobs.emplace_back([this, job, &processors] {
        stay_on(share_of(processors, job, plan_.jobs, plan_.threads));
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
    // The others stop because of this one, so it must be the first to say why.
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    is_stopped_ = true;
  }
}

void SweepRunner::train(int job, std::size_t run, Workers& workers) {
  const RunSettings& settings = experiment_.runs[run];
  const std::filesystem::path folder = directory_.run_folder(folder_of(settings.name));
  RunDirectory::Claim claim;
  if (plan_.shard) {
    claim = directory_.claim(folder_of(settings.name));
    if (!claim) {
      const std::scoped_lock lock(mutex_);
      result_of(run).message = "another process is at work on it";
      observer_.remark(fmt::format("{}: another process is at work on it", settings.name));
      return;
    }
  }
  TrainingRun training(settings, folder, datasets_.get(settings.data_name, settings.validation),
                       workers);
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

void SweepRunner::write_results() const {
  if (!plan_.shard) {
    write_all_results(directory_.path(), results_);
    return;
  }
  const auto name = fmt::format("results-{}-of-{}.json", plan_.shard->number, plan_.shard->of);
  normlab::write_results(directory_.path() / name, results_);
}

}  // namespace normlab
