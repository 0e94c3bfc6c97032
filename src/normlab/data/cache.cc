#include "normlab/data/cache.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <system_error>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/data/idx.h"

namespace normlab {
namespace {

constexpr const char* kSums = "SHA256SUMS";

std::string environment(const char* variable) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::map<std::string, std::string> recorded_sums(const std::filesystem::path& folder) {
  std::map<std::string, std::string> sums;
  if (!is_there(folder / kSums)) return sums;
  std::istringstream lines(read_text_file(folder / kSums));
  for (std::string sum, name; lines >> sum >> name;) sums[name] = sum;
  return sums;
}

bool holds_all(const std::filesystem::path& folder, const KnownDataset& set) {
  const auto files = set.files();
  return std::all_of(files.begin(), files.end(), [&](const KnownFile& file) {
    return find_file(folder, file.name).has_value();
  });
}

}  // namespace

std::filesystem::path cache_folder() {
  if (const auto folder = environment("NORMLAB_DATA"); !folder.empty()) return folder;
  if (const auto folder = environment("XDG_CACHE_HOME"); !folder.empty()) {
    return std::filesystem::path(folder) / "normlab";
  }
  if (const auto home = environment("HOME"); !home.empty()) {
    return std::filesystem::path(home) / ".cache" / "normlab";
  }
  throw Error("no folder for data: set NORMLAB_DATA to one (HOME and XDG_CACHE_HOME are not set)");
}

std::optional<std::filesystem::path> find_file(const std::filesystem::path& folder,
                                               const std::string& name) {
  if (is_there(folder / name)) return folder / name;
  if (is_there(folder / (name + ".gz"))) return folder / (name + ".gz");
  return std::nullopt;
}

std::optional<std::filesystem::path> find_dataset(const KnownDataset& set,
                                                  const std::filesystem::path& cache) {
  if (holds_all(cache / set.folder, set)) return cache / set.folder;
  if (!set.system_folder.empty() && holds_all(set.system_folder, set)) return set.system_folder;
  return std::nullopt;
}

void record_sum(const std::filesystem::path& folder, const std::string& name,
                const std::string& sha256) {
  auto sums = recorded_sums(folder);
  sums[name] = sha256;
  std::string text;
  for (const auto& [file, sum] : sums) text += fmt::format("{}  {}\n", sum, file);
  write_file_atomically(folder / kSums, text);
}

std::string expected_sha256(const KnownFile& file, const std::filesystem::path& folder) {
  if (!file.sha256.empty()) return file.sha256;
  const auto sums = recorded_sums(folder);
  const auto found = sums.find(file.name);
  return found == sums.end() ? "" : found->second;
}

FileCheck check_file(const KnownFile& file, const std::filesystem::path& folder) {
  FileCheck check;
  const auto path = find_file(folder, file.name);
  if (!path) return check;
  check.path = *path;
  try {
    const std::string actual = sha256_of_idx(read_idx(*path));
    const std::string expected = expected_sha256(file, folder);
    if (expected.empty()) {
      check.state = FileCheck::State::kUnknown;
    } else if (actual == expected) {
      check.state = FileCheck::State::kGood;
    } else {
      check.state = FileCheck::State::kDamaged;
      check.problem = fmt::format("{}: SHA-256 is {}, not {}.", path->native(), actual, expected);
    }
  } catch (const Error& error) {
    // Verification reports what is wrong with each file instead of ending at the first.
    check.state = FileCheck::State::kDamaged;
    check.problem = error.what();
  }
  return check;
}

}  // namespace normlab
