#include "normlab/cli/train_and_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/base/text.h"
#include "normlab/cli/data.h"
#include "normlab/cli/interruption.h"
#include "normlab/cli/present.h"
#include "normlab/cli/progress_display.h"
#include "normlab/cli/sweep_display.h"
#include "normlab/experiment/environment.h"
#include "normlab/experiment/estimate.h"
#include "normlab/experiment/runner.h"
#include "normlab/experiment/sweep_runner.h"
#include "normlab/kernels/matrix_unit.h"
#include "normlab/kernels/simd.h"

namespace normlab {
namespace {

LoadOptions load_options(const TrainingOptions& options) {
  LoadOptions load;
  if (!options.quiet) load.fetching = fetch_aloud();
  return load;
}

void warn_of_other_bits(bool quiet) {
  if (has_fused_multiply_add() || quiet) return;
  fmt::print(
      "{} has no fused multiply-add: results are right, but their bits differ from those of "
      "machines that have it.\n",
      instruction_set());
}

// Right and slow is not what somebody asks for who asks for bf16.
void warn_of_emulated_bf16(const Experiment& experiment, bool quiet) {
  const bool asked = std::ranges::any_of(experiment.runs, [](const RunSettings& run) {
    return run.convolution == ConvolutionAlgorithm::kBf16;
  });
  if (!asked || quiet || has_matrix_unit_in_use()) return;
  fmt::print(
      "no AMX in use here: train.convolution = \"bf16\" gives the same bits as with it, in several "
      "times the time\nthat \"winograd\" takes\n");
}

// One half with fused multiply-add and one without is what nobody can repeat on one machine.
void warn_of_mixed_bits(const std::filesystem::path& environment) {
  std::error_code ignored;
  if (!std::filesystem::exists(environment, ignored)) return;
  const std::optional<bool> had = had_fused_multiply_add(read_text_file(environment));
  if (!had || *had == has_fused_multiply_add()) return;
  fmt::print(stderr,
             "what is done was computed {} fused multiply-add, the rest will be {}: the bits of "
             "runs that were\nstopped will be neither machine's. See normlab info\n",
             *had ? "with" : "without", *had ? "without" : "with");
}

std::string how_to_go_on(const std::string& path, const TrainingOptions& options) {
  if (!options.shard.empty()) return "what is done is kept.\nGo on with the same command";
  return fmt::format("what is done is kept.\nGo on with: normlab run --resume {}", path);
}

// Several runs at a time, each with its share of the threads.
ExperimentResults train_many(const RunDirectory& directory, const Experiment& experiment,
                             Datasets& datasets, const TrainingOptions& options) {
  SweepPlan plan;
  if (!options.shard.empty()) plan.shard = parse_shard(options.shard);
  plan.runs = runs_of(experiment, plan.shard.value_or(Shard{}));
  const int jobs = options.jobs > 0 ? options.jobs : options.engine.threads;
  plan.jobs = std::clamp(jobs, 1, std::max(1, static_cast<int>(plan.runs.size())));
  plan.threads = std::max(1, options.engine.threads / plan.jobs);
  SweepDisplay display(experiment, options.quiet, how_to_go_on(directory.path().string(), options));
  note_interruptions();
  SweepRunner runner(experiment, directory, datasets, plan, display);
  const std::vector<std::size_t> left = runner.left();
  try {
    display.announce(plan, left.size(),
                     estimate(experiment, plan, runner.results(), left, datasets, was_interrupted));
  } catch (const Interrupted&) {
    throw Interrupted(fmt::format("stopped, {} of {} runs have ended; {}",
                                  plan.runs.size() - left.size(), plan.runs.size(),
                                  how_to_go_on(directory.path().string(), options)));
  }
  runner.run();
  return runner.results();
}

ExperimentResults train_in_turn(const RunDirectory& directory, const Experiment& experiment,
                                Datasets& datasets, Workers& workers,
                                const TrainingOptions& options) {
  ProgressDisplay display(experiment, options.quiet,
                          how_to_go_on(directory.path().string(), options));
  note_interruptions();
  return run_experiment(experiment, directory, datasets, workers, display);
}

ExperimentResults train(const RunDirectory& directory, const Experiment& experiment,
                        Datasets& datasets, Workers& workers, const TrainingOptions& options) {
  warn_of_other_bits(options.quiet);
  warn_of_emulated_bf16(experiment, options.quiet);
  const bool in_turn =
      options.shard.empty() && (options.jobs == 1 || (options.jobs == 0 && !experiment.is_sweep()));
  try {
    return in_turn ? train_in_turn(directory, experiment, datasets, workers, options)
                   : train_many(directory, experiment, datasets, options);
  } catch (const WriteError& error) {
    throw WriteError(
        fmt::format("{}; {}", error.what(), how_to_go_on(directory.path().string(), options)));
  }
}

// Figures and page are for whoever collects the shards.
void end_shard(const ExperimentResults& results, const std::string& path,
               const TrainingOptions& options) {
  std::vector<std::string> failed;
  std::vector<std::string> elsewhere;
  for (const RunResult& run : results.runs) {
    if (run.status == RunStatus::kFailed) failed.push_back(run.name);
    if (run.status == RunStatus::kInterrupted) elsewhere.push_back(run.name);
  }
  if (!elsewhere.empty()) {
    throw Error(
        fmt::format("another process is at work on {} of the {} runs of shard {}: {}\nStart "
                    "the shard again when that process has ended",
                    elsewhere.size(), results.runs.size(), options.shard, list_of(elsewhere)));
  }
  if (results.runs.empty()) {
    fmt::print("shard {} has no runs: there are more shards than runs\n", options.shard);
    return;
  }
  fmt::print("shard {} is done{}. When all are: normlab collect {}\n", options.shard,
             failed.empty() ? "" : fmt::format(", {} of its runs failed", failed.size()), path);
}

void run_in(const RunDirectory& directory, const Experiment& experiment, Datasets& datasets,
            Workers& workers, const TrainingOptions& options) {
  const ExperimentResults results = train(directory, experiment, datasets, workers, options);
  if (!options.shard.empty()) {
    end_shard(results, directory.path().string(), options);
    return;
  }
  const RunSettings& first = experiment.runs.front();
  fmt::print("\n");
  present(directory.path(), results, first, datasets.get(first.data_name, first.validation).test,
          options.no_report);
  if (const std::string failed = failed_text(results); !failed.empty()) throw Error(failed);
}

}  // namespace

void add_training_options(CLI::App& command, TrainingOptions& options) {
  add_key_option(command, options, "--epochs", "train.epochs", "Passes over the training images");
  add_key_option(command, options, "--seed", "train.seed",
                 "Of first weights, order, augmentation and dropout");
  command.add_option("--set", options.sets, "Set any key: --set train.batch_size=64 (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--out", options.out, "New folder for the results (default: runs/NAME-TIME)")
      ->type_name("DIR");
  command.add_flag("--quiet", options.quiet, "Only the results table and the path of the report");
  command.add_flag("--no-report", options.no_report,
                   "Leave figures and page to be drawn later: normlab report DIR");
  add_engine_options(command, options.engine);
}

CLI::Option* add_key_option(CLI::App& command, TrainingOptions& options, const std::string& flag,
                            const std::string& key, const std::string& help) {
  const auto keep = [&options, flag, key](const std::string& value) {
    options.overrides.push_back({key, value, flag + " " + value});
  };
  return command.add_option_function<std::string>(flag, keep, help + " (" + key + ")")
      ->type_name("VALUE");
}

std::vector<Override> overrides_of(const TrainingOptions& options) {
  std::vector<Override> overrides = options.overrides;
  for (const std::string& assignment : options.sets) {
    overrides.push_back(parse_override(assignment));
  }
  return overrides;
}

void train_and_report(Experiment experiment, const std::filesystem::path& folder,
                      const TrainingOptions& options) {
  use_engine_options(options.engine);
  Workers workers(options.engine.threads);
  Datasets datasets(load_options(options));
  complete(experiment, folder, datasets, workers);

  if (!options.shard.empty()) {
    parse_shard(options.shard);
    if (options.out.empty())
      throw UsageError("--shard needs --out, the folder that all shards share");
    const RunDirectory shared = RunDirectory::join(options.out, format_experiment(experiment));
    run_in(shared, experiment, datasets, workers, options);
    return;
  }
  const RunDirectory directory = RunDirectory::create(options.out, experiment.name);
  write_file_atomically(directory.path() / "experiment.toml", format_experiment(experiment));
  directory.become_latest();
  run_in(directory, experiment, datasets, workers, options);
}

void resume_and_report(const std::filesystem::path& path, const TrainingOptions& options) {
  if (!options.out.empty() || !overrides_of(options).empty()) {
    throw UsageError(
        "--resume goes on with what the folder says; --out, --set, --epochs and --seed belong to a "
        "new experiment");
  }
  if (!options.shard.empty()) {
    throw UsageError(
        "--resume takes the whole folder; a shard goes on by the command that began it");
  }
  use_engine_options(options.engine);
  const RunDirectory directory = RunDirectory::open(path);
  warn_of_mixed_bits(path / "environment.json");
  const std::filesystem::path file = path / "experiment.toml";
  Experiment experiment = parse_experiment(read_text_file(file), file.string());
  Workers workers(options.engine.threads);
  Datasets datasets(load_options(options));
  complete(experiment, path, datasets, workers);
  run_in(directory, experiment, datasets, workers, options);
}

}  // namespace normlab
