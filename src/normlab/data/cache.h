// Where data sets lie on this machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "normlab/data/registry.h"

namespace normlab {

// $NORMLAB_DATA, else $XDG_CACHE_HOME/normlab, else ~/.cache/normlab. Throws Error if there is not
// even a home.
std::filesystem::path cache_folder();

// The file of this name in a folder, decompressed or .gz; nothing if there is neither.
std::optional<std::filesystem::path> find_file(const std::filesystem::path& folder,
                                               const std::string& name);

// The folder that holds all four files of a set: in the cache, else where a package of the system
// puts them; nothing if there is none.
std::optional<std::filesystem::path> find_dataset(const KnownDataset& set,
                                                  const std::filesystem::path& cache);

// What the bytes of a file were when it was fetched, for sets whose publishers give no sums of the
// decompressed files: kept in "SHA256SUMS" (as sha256sum writes it) beside them.
void record_sum(const std::filesystem::path& folder, const std::string& name,
                const std::string& sha256);

// The SHA-256 that a file must have when decompressed: published, else recorded at the fetch, else
// empty, and then nothing is known about it.
std::string expected_sha256(const KnownFile& file, const std::filesystem::path& folder);

// One file of a set on this machine.
struct FileCheck {
  enum class State {
    kGood,     // the bytes are those that were published or fetched
    kUnknown,  // an intact IDX file, but no sum is known to compare it with
    kDamaged,
    kMissing,
  };
  State state = State::kMissing;
  std::filesystem::path path;
  std::string problem;  // of a damaged file: what is wrong with it
};

FileCheck check_file(const KnownFile& file, const std::filesystem::path& folder);

}  // namespace normlab
