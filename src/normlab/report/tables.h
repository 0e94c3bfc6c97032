// The table of results, for the terminal and for the page.
#pragma once

#include <string>
#include <vector>

#include "normlab/experiment/results.h"

namespace normlab {

struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> is_number;  // per column: set to the right
};

// One row per run: what it was, and what its last epoch gave. `test_images`: size of the test set.
Table results_table(const ExperimentResults& results, int test_images);

// The columns of it that matter most, in under 100 characters for the terminal.
std::string results_text(const ExperimentResults& results, int test_images);

// In columns of fixed width, a rule below the head, every line ended.
std::string to_plain_text(const Table& table);

}  // namespace normlab
