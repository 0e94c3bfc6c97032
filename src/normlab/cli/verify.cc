#include "normlab/cli/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/text.h"
#include "normlab/cli/data.h"
#include "normlab/cli/engine_options.h"
#include "normlab/cli/interruption.h"
#include "normlab/cli/progress_display.h"
#include "normlab/experiment/run_directory.h"
#include "normlab/experiment/verification.h"

namespace normlab {
namespace {

struct VerifyOptions {
  std::string folder;
  bool quiet = false;
  EngineOptions engine;
};

std::string count(int number, const char* noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string verdict_text(const RunVerdict& run) {
  if (!run.differences.empty()) return "not the same bits";
  if (run.epochs == 0) return "not begun, nothing to compare";
  switch (run.status) {
    case RunStatus::kFinished:
      return fmt::format("the same bits: {}, model.safetensors, predictions.csv",
                         count(run.epochs, "epoch"));
    case RunStatus::kInterrupted:
      return fmt::format("the same bits: {} of {}, it was stopped there",
                         count(run.epochs, "epoch"), run.of_epochs);
    case RunStatus::kFailed:
      return fmt::format("fails in epoch {} as it did there", run.epochs);
  }
  return "";
}

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print("  {}\n", line);
}

void verify(const VerifyOptions& options) {
  use_engine_options(options.engine);
  const RunDirectory directory = RunDirectory::open_to_read(options.folder);
  const RecordedExperiment recorded = read_recorded(directory.path());
  LoadOptions load;
  if (!options.quiet) load.fetching = fetch_aloud();
  Datasets datasets(load);
  Workers workers(options.engine.threads);

  std::size_t width = 0;
  for (const RunSettings& run : recorded.experiment.runs) width = std::max(width, run.name.size());
  Verification verification;
  {
    ProgressDisplay display(
        part_to_repeat(recorded), options.quiet,
        fmt::format("nothing was changed.\nBegin again with: normlab verify {}", options.folder));
    note_interruptions();
    verification =
        verify_experiment(recorded, datasets, workers, display, [&](const RunVerdict& run) {
          fmt::print("{}{:<{}}  {}\n", options.quiet ? "" : "\n", run.name, width,
                     verdict_text(run));
          print_lines(run.differences);
          std::fflush(stdout);
        });
  }
  print_lines(verification.differences);

  std::vector<std::string> parted;
  int epochs = 0;
  for (const RunVerdict& run : verification.runs) {
    if (!run.differences.empty()) parted.push_back(run.name);
    epochs += run.epochs;
  }
  if (verification.is_same()) {
    if (epochs == 0) {
      throw Error(
          fmt::format("{}: no epoch of it is done, there is nothing to compare", options.folder));
    }
    fmt::print("\n{}: the same bits\n", options.folder);
    return;
  }
  if (verification.environment.empty()) {
    fmt::print(
        "\nBuild, machine and system are those that environment.json names; so files were "
        "changed\nafter the training, or one of the two trainings was hit by an error of "
        "the machine.\n");
  } else {
    fmt::print("\nOtherwise than when {} was made:\n", options.folder);
    print_lines(verification.environment);
  }
  std::fflush(stdout);
  if (parted.empty()) {
    throw Error(fmt::format("{}: its files contradict each other", options.folder));
  }
  throw Error(fmt::format("{}: not the same bits in {} of {} runs: {}", options.folder,
                          parted.size(), verification.runs.size(), list_of(parted)));
}

}  // namespace

void add_verify_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("verify", "Repeat an experiment and say whether the bits are the same");
  const auto options = std::make_shared<VerifyOptions>();
  command
      ->add_option("DIR", options->folder,
                   "Folder of an experiment; it is only read. Runs that were stopped are compared "
                   "as far as they went")
      ->required();
  command->add_flag("--quiet", options->quiet, "Only the verdicts");
  add_engine_options(*command, options->engine);
  command->footer(
      "Examples:\n"
      "  normlab verify runs/latest\n"
      "  normlab verify runs/latest --threads 1 --simd AVX2\n"
      "Ends with 0 if the bits are the same, with 1 if they are not.");
  command->callback([options] { verify(*options); });
}

}  // namespace normlab
