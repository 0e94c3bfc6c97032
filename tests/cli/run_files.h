// What a run leaves, without what differs from time to time.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace normlab {

// The bytes of model.safetensors, predictions.csv, digests.csv and history.csv (without its columns
// of times) of each run in `folder`, by name.
std::map<std::string, std::string> run_files(const std::filesystem::path& folder,
                                             const std::vector<std::string>& runs);

// Fails the test for each file whose bytes differ; shows none of them.
void expect_same_files(const std::map<std::string, std::string>& expected,
                       const std::map<std::string, std::string>& actual);

}  // namespace normlab
