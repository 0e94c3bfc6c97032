// Folders as experiments leave them, to compare: arms and seeds with the accuracies that a test
// wants.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "normlab/base/file.h"
#include "normlab/experiment/predictions.h"
#include "normlab/experiment/results.h"

namespace normlab {

inline constexpr int kComparedImages = 1000;

struct RunOfArm {
  std::string arm;
  std::uint64_t seed = 1;
  int right = 0;  // of 1,000 images, after the last epoch
  RunStatus status = RunStatus::kFinished;
};

// Finished runs of one arm, from seed `first` on.
inline void append_arm(std::vector<RunOfArm>& runs, const std::string& arm,
                       const std::vector<int>& right, std::uint64_t first = 1) {
  for (std::size_t i = 0; i < right.size(); ++i) runs.push_back({arm, first + i, right[i]});
}

// results.json alone. The epoch before the last is better than it, so that who takes the best one
// is found out.
inline ExperimentResults results_of(const std::vector<RunOfArm>& runs) {
  ExperimentResults results;
  results.experiment = "compared";
  for (const RunOfArm& run : runs) {
    RunResult result;
    result.name = fmt::format("{}-{}", run.arm, run.seed);
    result.arm = run.arm;
    result.seed = run.seed;
    result.status = run.status;
    result.folder = result.name;
    for (const int right : {run.right + 5, run.right}) {
      EpochRecord record;
      record.epoch = static_cast<int>(result.epochs.size()) + 1;
      record.test_correct = right;
      record.test_accuracy = 100.0 * right / kComparedImages;
      result.epochs.push_back(record);
    }
    results.runs.push_back(result);
  }
  results.environment =
      R"({"data_sha256": {"digits": {"test images": "aa", "test labels": "bb"}}})";
  return results;
}

inline void write_experiment(const std::filesystem::path& folder,
                             const ExperimentResults& results) {
  normlab::create_directories(folder);
  write_results(folder / "results.json", results);
}

// Ten classes in turn; right, with probability 0.91, but for the first 1,000 - `right` images.
inline void write_predictions_of(const std::filesystem::path& run_folder, int right) {
  normlab::create_directories(run_folder);
  Predictions predictions;
  predictions.classes = 10;
  for (int i = 0; i < kComparedImages; ++i) {
    predictions.labels.push_back(i % 10);
    const int chosen = i < kComparedImages - right ? (i + 1) % 10 : i % 10;
    for (int k = 0; k < 10; ++k) {
      predictions.probabilities.push_back(k == chosen ? 0.91f : 0.01f);
    }
  }
  write_predictions(run_folder / "predictions.csv", predictions);
}

}  // namespace normlab
