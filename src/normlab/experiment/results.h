// What an experiment leaves for other programs: results.json, results.csv and a history.csv per
// run. docs/results-format.md describes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "normlab/nn/norm.h"
#include "normlab/train/history.h"

namespace normlab {

enum class RunStatus {
  kFinished,
  kInterrupted,  // stopped before its last epoch, or not begun; it can be resumed
  kFailed        // a loss that became NaN or infinite, or another error
};

// "finished", "interrupted", "failed".
std::string to_string(RunStatus status);

struct RunResult {
  std::string name;  // "BN+L1"
  std::string arm;   // what it repeats: runs of one arm differ in nothing but their seed
  Norm norm;
  float l1 = 0.0f;
  std::uint64_t seed = 1;
  int parameters = 0;  // that are learned
  RunStatus status = RunStatus::kInterrupted;
  std::string message;  // why it failed or stopped; empty if it finished
  std::string folder;   // its own, a plain name inside the run directory
  History epochs;       // those that are done
};

struct ExperimentResults {
  std::string experiment;  // its name
  std::vector<RunResult> runs;
  std::string environment = "{}";  // JSON as in environment.json, passed on as it is
  std::string statistics;          // JSON over repeated arms, passed on as it is; empty: none
};

// Numbers that are not finite become null. Throws Error if `environment` or `statistics` is no JSON
// object, or the file cannot be written. Atomic.
void write_results(const std::filesystem::path& path, const ExperimentResults& results);

// Unknown keys are passed over. Throws Error naming the path and the place in it ("runs[1].seed")
// for damaged JSON, a missing key, a value of the wrong type, or a `folder` that is no plain name.
ExperimentResults read_results(const std::filesystem::path& path);

// result.json in the folder of a run that has ended: what results.json says of it, so that the
// results of many runs, trained by many processes, can be put together.
struct EndedRun {
  RunResult result;
  std::string settings_sha256;  // of all that it was told; others make it another run
};

// As write_results() and read_results().
void write_ended_run(const std::filesystem::path& path, const EndedRun& run);
EndedRun read_ended_run(const std::filesystem::path& path);

// The same in CSV: one row per run and epoch, with the columns that history.csv has too.
std::string results_csv(const ExperimentResults& results);
void write_results_csv(const std::filesystem::path& path, const ExperimentResults& results);

std::string history_csv(const History& history);

// Throws Error naming path and line for what is no history.
History read_history_csv(const std::filesystem::path& path);

}  // namespace normlab
