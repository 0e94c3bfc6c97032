// The [sweep] of an experiment file: every run, once for each combination of values.
//
//   [sweep]
//   norm.kind = ["batch", "group"]
//   train.seed = "1..30"
//
//   [[sweep.point]]            # values that go together
//   train.batch_size = 2
//   schedule.learning_rate = 0.001
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "normlab/experiment/experiment.h"
#include "normlab/experiment/keys.h"
#include "normlab/formats/toml_reader.h"

namespace normlab {

inline constexpr std::int64_t kMostRuns = 10'000;

// The value of a key as it stands in the name of a run, and what it adds to that name:
// "8" and "batch_size=8", "batch" and "batch" of norm.kind, "3" and "seed 3".
std::string sweep_value(const ExperimentKey& key, const RunSettings& settings);
std::string sweep_label(const ExperimentKey& key, const RunSettings& settings);

// One value of an axis.
struct SweepValue {
  std::string label;  // what it adds to the name of a run: "batch_size=8"
  std::function<void(RunSettings&)> assign;
};

struct SweepAxis {
  std::vector<std::string> keys;  // one; several for [[sweep.point]]
  bool is_of_points = false;
  std::vector<SweepValue> values;
};

class Sweep {
 public:
  // Reads the [sweep] of `file` and what --set sweep.KEY=VALUE has to say in its place; has no axes
  // if there is neither. Throws UsageError for an unknown key, an empty list, a value that the key
  // cannot have or that comes twice.
  Sweep(const TomlReader& file, const std::vector<Override>& overrides);

  bool is_empty() const { return axes_.empty() && seeds_.values.empty(); }
  bool varies(const std::string& key) const;
  bool is_in_points(const std::string& key) const;  // of [[sweep.point]]

  // The name of a run without one of its own, as its settings before the sweep have it; empty where
  // the values of the sweep say it all.
  std::string base_name(const RunSettings& settings) const;

  // Every run for every combination of values; the seeds change slowest, so that a sweep that is
  // stopped has tried every arm with the same seeds. Throws UsageError if that is too many.
  std::vector<RunSettings> multiply(const std::vector<RunSettings>& runs) const;

 private:
  std::vector<SweepAxis> axes_;  // points first, then in the order of the keys
  SweepAxis seeds_;              // of train.seed, which is no part of an arm's name
  std::string source_;
};

}  // namespace normlab
