#include "normlab/cli/run.h"

#include <filesystem>
#include <memory>
#include <optional>

#include "normlab/base/error.h"
#include "normlab/cli/train_and_report.h"
#include "normlab/experiment/shipped.h"

namespace normlab {
namespace {

struct RunOptions {
  std::string file = "session6";
  std::optional<std::string> resume;
  TrainingOptions training;
};

void run(const RunOptions& options, bool names_file) {
  if (options.resume) {
    if (names_file) {
      throw UsageError("--resume goes on with what its folder says; leave out " + options.file);
    }
    resume_and_report(*options.resume, options.training);
    return;
  }
  const ShippedFile file = find_text("experiments", options.file);
  train_and_report(parse_experiment(file.text, file.path, overrides_of(options.training)),
                   std::filesystem::path(file.path).parent_path(), options.training);
}

}  // namespace

void add_run_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("run", "Run an experiment and show what came of it");
  const auto options = std::make_shared<RunOptions>();
  const CLI::Option* const file =
      command->add_option("FILE", options->file,
                          "Experiment file, or the name of one that comes with normlab: session6 "
                          "(the default), session6-seeds, batch-size, fashion, l1, norms, "
                          "placement, bf16, record, fast");
  command->add_option("--resume", options->resume, "Go on in the folder of a stopped experiment")
      ->type_name("DIR");
  command
      ->add_option("--jobs", options->training.jobs,
                   "Runs at a time, which share out the threads (default: in a sweep one for each "
                   "thread, else 1: each run has all threads)")
      ->check(CLI::Range(1, 4096))
      ->type_name("N");
  command
      ->add_option("--shard", options->training.shard,
                   "Train one part of the runs, such as 2/4, in a folder (--out) that all parts "
                   "share; then: normlab collect")
      ->type_name("I/N");
  add_key_option(*command, options->training, "--seeds", "sweep.train.seed",
                 "Every run once from each of these: 1..30");
  add_training_options(*command, options->training);
  command->footer(
      "Examples:\n"
      "  normlab run\n"
      "  normlab run mine.toml --epochs 3 --set norm.eps=1e-3 --out runs/mine\n"
      "  normlab run session6 --seeds 1..30 --jobs 2\n"
      "  normlab run --resume runs/latest\n"
      "Keys of experiment files: normlab info --keys");
  command->callback([options, file] { run(*options, file->count() > 0); });
}

}  // namespace normlab
