// What the numbers of an experiment can and cannot show, in plain sentences.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "normlab/experiment/predictions.h"
#include "normlab/experiment/results.h"
#include "normlab/report/tables.h"

namespace normlab {

// A run and its predictions of the test set, where it has any.
struct JudgedRun {
  RunResult result;
  std::optional<Predictions> predictions;
};

// Paragraphs of plain text: the standard error of the test set, what one seed leaves open, and
// which runs differ in more than one thing.
std::vector<std::string> findings(const std::vector<JudgedRun>& runs, int test_images);

// The best run beside each other run on the same images; no rows if fewer than two have finished.
Table comparison_table(const std::vector<JudgedRun>& runs);

}  // namespace normlab
