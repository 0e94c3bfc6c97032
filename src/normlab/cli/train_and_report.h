// What `run` and `train` share: options, and the way from an experiment to its report.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "normlab/cli/engine_options.h"
#include "normlab/experiment/experiment.h"

namespace normlab {

struct TrainingOptions {
  EngineOptions engine;
  int jobs = 0;  // runs at a time; 0: one for each thread in a sweep, else one after the other
  std::string out;
  std::string shard;  // "2/4": of several processes that share the folder; empty: all is here
  bool quiet = false;
  bool no_report = false;
  std::vector<std::string> sets;    // --set key=value
  std::vector<Override> overrides;  // of flags that are short for a key
};

// Adds --out, --quiet, --set, --epochs, --seed and those of the engine.
void add_training_options(CLI::App& command, TrainingOptions& options);

// Adds a flag that is short for a key: its value goes where --set key=value does.
CLI::Option* add_key_option(CLI::App& command, TrainingOptions& options, const std::string& flag,
                            const std::string& key, const std::string& help);

// Of flags and --set, in the order that lets --set win.
std::vector<Override> overrides_of(const TrainingOptions& options);

// Trains what the experiment says in a new folder, draws the report, prints the results table and
// the path of the report. `folder` is where the experiment's file lies. Throws Error if a run
// failed.
void train_and_report(Experiment experiment, const std::filesystem::path& folder,
                      const TrainingOptions& options);

// Goes on in the folder of an experiment.
void resume_and_report(const std::filesystem::path& directory, const TrainingOptions& options);

}  // namespace normlab
