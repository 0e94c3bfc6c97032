// The one table of every key of an experiment file. It drives the reader, `--set`, the writer of
// the complete experiment.toml and the tables in docs/experiment-files.md.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "normlab/experiment/experiment.h"
#include "normlab/formats/toml_reader.h"

namespace normlab {

struct ExperimentKey {
  std::string name;      // "train.epochs"
  std::string type;      // "whole number", "one of batch, layer, ...", as the documentation says it
  std::string range;     // " of at least 1", or empty
  std::string meaning;   // one line
  bool is_text = false;  // --set takes the value without quotes
  // Assigns the setting if the table has the key; throws UsageError as TomlReader does.
  std::function<void(RunSettings&, const TomlReader&)> read;
  // The value as TOML; empty if it is not set (an optional key).
  std::function<std::string(const RunSettings&)> write;
};

std::span<const ExperimentKey> experiment_keys();

}  // namespace normlab
