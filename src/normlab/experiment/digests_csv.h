// digests.csv: a short sum of each array of a run's network after each epoch (train/digests.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "normlab/train/history.h"

namespace normlab {

struct DigestTable {
  std::vector<std::string> arrays;                  // their names, the columns
  std::vector<std::vector<std::uint64_t>> digests;  // [epoch - 1][array]
};

// Columns: epoch, then one for each array; 16 hexadecimal digits.
std::string digests_csv(const std::vector<std::string>& arrays, const History& history);

// Throws Error naming path and line for what is no such table.
DigestTable read_digests(const std::filesystem::path& path);

}  // namespace normlab
