// The runs of some experiments, sorted by what they repeat.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/experiment/results.h"
#include "normlab/statistics/calibration.h"

namespace normlab {

struct ArmRun {
  std::string name;
  std::filesystem::path folder;  // its own
  std::uint64_t seed = 1;
  // Percent, of the last epoch. Never of the best: to pick an epoch by the test set is to learn
  // from it.
  double accuracy = 0;
  // From predictions.csv, where it is there and of this epoch.
  std::optional<PredictionScores> scores;
  std::vector<bool> right;  // [images] with `scores`, else empty
};

// Runs that differ in nothing but their seed, in ascending order of it.
struct Arm {
  std::string name;
  std::vector<ArmRun> runs;

  std::vector<double> accuracies() const;
};

struct LeftOut {
  std::string what;  // "GN-3", "predictions of GN-3"
  std::string reason;
};

struct ArmSet {
  std::vector<Arm> arms;  // in the order in which they were found; each has a run
  std::vector<LeftOut> left_out;
  int test_images = 0;  // 0: unknown
};

// Runs were tested on different images.
class DifferentData : public Error {
 public:
  using Error::Error;
};

// Reads the folders of experiments, or of single runs in them. Runs of several folders are of one
// arm if their experiment.toml say the same of them but for the seed; arms of one name and of other
// settings are told apart by their folder ("GN (runs/wide)"). What did not finish is left out, and
// so is a second run of one seed.
//
// Throws Error naming the folder if it is none of normlab or a file in it is damaged, or if no run
// has finished; DifferentData if runs were tested on different images.
ArmSet gather_arms(const std::vector<std::filesystem::path>& folders);

}  // namespace normlab
