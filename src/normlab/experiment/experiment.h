// What is trained: an experiment file, read.
//
//   name = "session6"
//   [train]
//   epochs = 15
//   [[run]]
//   name = "BN+L1"
//   norm.kind = "batch"
//   l1.lambda = 0.009
//
// Every key may stand at the top, for all runs, and in a [[run]], for that run. A [sweep]
// multiplies the runs (experiment/sweep.h). docs/experiment-files.md lists them; experiment/keys.h
// is the one table behind that page, the reader and the writer.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "normlab/nn/model.h"
#include "normlab/nn/network.h"
#include "normlab/nn/norm.h"
#include "normlab/train/recipe.h"

namespace normlab {

// Everything that a run depends on.
struct RunSettings {
  std::string name;  // "GN seed 3"
  std::string arm;   // the name without the seed where a sweep repeats it; empty: the name

  std::string data_name = "mnist";  // or a folder, with a slash (data/load.h)
  int validation = 0;               // training images that are held out

  std::string model_file = "session6";
  std::string model_text;         // in place of a file
  std::optional<double> dropout;  // replaces the probability of every dropout layer

  Norm norm;
  ConvolutionAlgorithm convolution = ConvolutionAlgorithm::kWinograd;
  Recipe recipe = {.mean = {}, .std = {}};  // empty: those of the training images
};

// What the run repeats: runs of one arm differ in nothing but their seed.
inline const std::string& arm_of(const RunSettings& settings) {
  return settings.arm.empty() ? settings.name : settings.arm;
}

struct Experiment {
  std::string name;
  std::vector<RunSettings> runs;  // at least one; their folders differ

  // Whether a [sweep] made the runs: they have an `arm` then.
  bool is_sweep() const { return !runs.front().arm.empty(); }
};

// The folder of a run: its name, with - for blanks ("GN-seed-3").
std::string folder_of(const std::string& run);

// `--set train.epochs=3`: applied after the file, to every run; `name` is the experiment's, and
// `sweep.train.seed` that key's list in the [sweep].
struct Override {
  std::string key;
  std::string value;   // as in a file, quotes may be left out
  std::string source;  // for messages: "--set train.epochs=3"
};

// Splits "key=value"; throws UsageError if there is no '='.
Override parse_override(const std::string& assignment);

// Throws UsageError with source, line and column for text that is no TOML, an unknown key (naming
// the nearest known), a value of the wrong type or out of range, or values that do not go together.
Experiment parse_experiment(const std::string& text, const std::string& source,
                            const std::vector<Override>& overrides = {});

// The whole of an experiment as the text of a file: every key, with what all runs share at the top,
// and every run of a sweep.
// parse_experiment() gives the same experiment back.
std::string format_experiment(const Experiment& experiment);

// The model of a run: its text, or the file, sought from the experiment file's `folder` as
// find_text() does (experiment/shipped.h). Throws as that and parse_model() do.
Model resolve_model(const RunSettings& settings, const std::filesystem::path& folder);

// The network of a run, with its norm and dropout, not initialised.
Network build_network(const RunSettings& settings, const std::filesystem::path& folder = {});

}  // namespace normlab
