#include "normlab/data/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/data/cache.h"
#include "normlab/data/idx.h"
#include "normlab/data/registry.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;

// Larger images are no data set but a mistake, and their sizes would not fit an int.
constexpr std::uint32_t kMostPixelsAcross = 1u << 14;

// Where the two files of a split are, and what is known of them.
struct SplitFiles {
  fs::path images{};
  fs::path labels{};
  std::string images_sha256{};  // empty: not known
  std::string labels_sha256{};
  std::string remedy{};  // what to do if they are damaged
};

IdxArray read_checked(const fs::path& path, const std::string& expected, std::string& sha256,
                      const std::string& remedy) {
  IdxArray array = read_idx(path, {.remedy = remedy});
  sha256 = sha256_of_idx(array);
  if (!expected.empty() && sha256 != expected) {
    throw Error(
        fmt::format("{}: SHA-256 is {}, not {}. {}", path.native(), sha256, expected, remedy));
  }
  return array;
}

Shape image_shape(const IdxArray& array, const fs::path& path) {
  const auto& extents = array.extents;
  if (extents.size() != 3 && extents.size() != 4) {
    throw Error(
        fmt::format("{}: an array of rank {}; images are of rank 3 (N, H, W) or 4 (N, C, H, W)",
                    path.native(), extents.size()));
  }
  if (extents.size() == 4 && extents[1] > 4 && extents[3] <= 4) {
    throw Error(fmt::format(
        "{}: {} images of {}x{}x{} look as if channels came last; channels come first here "
        "(N, C, H, W)",
        path.native(), extents[0], extents[1], extents[2], extents[3]));
  }
  for (const std::uint32_t extent : extents) {
    if (extent == 0) throw Error(fmt::format("{}: holds no images", path.native()));
  }
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i] > kMostPixelsAcross) {
      throw Error(fmt::format("{}: images of {} are larger than {} across", path.native(),
                              fmt::join(extents.begin() + 1, extents.end(), "x"),
                              kMostPixelsAcross));
    }
  }
  const auto last = extents.size() - 1;
  return {.channels = extents.size() == 4 ? static_cast<int>(extents[1]) : 1,
          .height = static_cast<int>(extents[last - 1]),
          .width = static_cast<int>(extents[last])};
}

std::vector<std::uint8_t> read_labels(const SplitFiles& files, std::string& sha256) {
  IdxArray array = read_checked(files.labels, files.labels_sha256, sha256, files.remedy);
  if (array.extents.size() != 1) {
    throw Error(fmt::format("{}: an array of rank {}; labels are of rank 1", files.labels.native(),
                            array.extents.size()));
  }
  return idx_to_uint8(std::move(array), files.labels.native() + ": ");
}

// Rows of each plane become columns.
void transpose(Dataset& dataset) {
  const auto height = static_cast<std::size_t>(dataset.shape.height);
  const auto width = static_cast<std::size_t>(dataset.shape.width);
  std::vector<std::uint8_t> plane(height * width);
  for (auto begin = dataset.images.begin(); begin != dataset.images.end();
       begin += static_cast<std::ptrdiff_t>(plane.size())) {
    std::copy_n(begin, plane.size(), plane.begin());
    auto to = begin;
    for (std::size_t column = 0; column < width; ++column) {
      for (std::size_t row = 0; row < height; ++row) *to++ = plane[row * width + column];
    }
  }
  std::swap(dataset.shape.height, dataset.shape.width);
}

void check_labels(const Dataset& dataset, int first_label, const fs::path& path) {
  for (std::size_t i = 0; i < dataset.labels.size(); ++i) {
    const int label = dataset.labels[i];
    if (label < first_label || label >= first_label + dataset.classes) {
      throw Error(fmt::format("{}: label {} of image {} is outside the {} classes {} to {}",
                              path.native(), label, i, dataset.classes, first_label,
                              first_label + dataset.classes - 1));
    }
  }
}

// Name, split and class names are already there.
void read_split(Dataset& dataset, const SplitFiles& files, int first_label) {
  dataset.classes = static_cast<int>(dataset.class_names.size());
  IdxArray images =
      read_checked(files.images, files.images_sha256, dataset.images_sha256, files.remedy);
  dataset.shape = image_shape(images, files.images);
  const std::size_t count = images.extents[0];
  dataset.images = idx_to_uint8(std::move(images), files.images.native() + ": ");
  dataset.labels = read_labels(files, dataset.labels_sha256);
  if (count != dataset.labels.size()) {
    throw Error(fmt::format("{} holds {} images but {} {} labels. {}", files.images.native(), count,
                            files.labels.native(), dataset.labels.size(), files.remedy));
  }
  check_labels(dataset, first_label, files.labels);
  for (std::uint8_t& label : dataset.labels) {
    label = static_cast<std::uint8_t>(label - first_label);
  }
}

fs::path folder_of(const KnownDataset& set, const LoadOptions& options) {
  const fs::path cache = options.fetching.cache.empty() ? cache_folder() : options.fetching.cache;
  if (const auto folder = find_dataset(set, cache)) return *folder;
  if (options.fetch) return fetch_dataset(set, options.fetching).folder;
  throw Error(fmt::format("{}: not on this machine (looked in {}). Fetch it: normlab data fetch {}",
                          set.name, (cache / set.folder).native(), set.name));
}

Dataset load_known(const KnownDataset& set, Split split, const LoadOptions& options) {
  const fs::path folder = folder_of(set, options);
  const KnownFile& images = set.image_files[split == Split::kTrain ? 0 : 1];
  const KnownFile& labels = set.label_files[split == Split::kTrain ? 0 : 1];
  Dataset dataset;
  dataset.name = set.name;
  dataset.split = name(split);
  dataset.class_names = set.class_names;
  read_split(dataset,
             {.images = *find_file(folder, images.name),
              .labels = *find_file(folder, labels.name),
              .images_sha256 = expected_sha256(images, folder),
              .labels_sha256 = expected_sha256(labels, folder),
              .remedy = fmt::format("Fetch it again: normlab data fetch {}", set.name)},
             set.first_label);
  if (set.transposed) transpose(dataset);
  return dataset;
}

std::optional<fs::path> find_own_file(const fs::path& folder, Split split, std::string_view kind) {
  const std::vector<std::string> stems = split == Split::kTrain
                                             ? std::vector<std::string>{"train"}
                                             : std::vector<std::string>{"t10k", "test"};
  const std::vector<std::string> ranks = kind == "images" ? std::vector<std::string>{"idx3", "idx4"}
                                                          : std::vector<std::string>{"idx1"};
  for (const std::string& stem : stems) {
    for (const std::string& rank : ranks) {
      // With a dot, as some unpackers of the .gz files name them.
      for (const char joint : {'-', '.'}) {
        const auto path =
            find_file(folder, fmt::format("{}-{}{}{}-ubyte", stem, kind, joint, rank));
        if (path) return path;
      }
    }
  }
  return std::nullopt;
}

fs::path own_file(const fs::path& folder, Split split, std::string_view kind) {
  if (const auto path = find_own_file(folder, split, kind)) return *path;
  throw Error(fmt::format("{}: holds no {}-{}-{}-ubyte, plain or .gz", folder.native(),
                          split == Split::kTrain ? "train" : "t10k", kind,
                          kind == "images" ? "idx3" : "idx1"));
}

// The lines of classes.txt, or the numbers up to the largest label of either split.
std::vector<std::string> own_classes(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  if (const fs::path list = folder / "classes.txt"; fs::exists(list, error)) {
    std::istringstream lines(read_text_file(list));
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) names.push_back(line);
    }
    if (names.empty()) throw Error(fmt::format("{}: names no class", list.native()));
    return names;
  }
  int classes = 0;
  for (const Split split : {Split::kTrain, Split::kTest}) {
    const auto path = find_own_file(folder, split, "labels");
    if (!path) continue;
    std::string sha256;
    for (const std::uint8_t label : read_labels({.labels = *path}, sha256)) {
      classes = std::max(classes, label + 1);
    }
  }
  for (int i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  return names;
}

Dataset load_own(const std::string& name_of_folder, Split split) {
  const fs::path folder = own_folder(name_of_folder);
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw Error(fmt::format("{}: is no folder; it should hold four IDX files, as MNIST's",
                            folder.native()));
  }
  const SplitFiles files{.images = own_file(folder, split, "images"),
                         .labels = own_file(folder, split, "labels"),
                         .remedy = "It is damaged or no IDX file."};
  Dataset dataset;
  dataset.name = name_of_folder;
  dataset.split = name(split);
  dataset.class_names = own_classes(folder);
  read_split(dataset, files, 0);
  return dataset;
}

}  // namespace

Dataset load_dataset(const std::string& name, std::string_view split, const LoadOptions& options) {
  const Split which = parse_split(split);
  if (name.find('/') != std::string::npos) return load_own(name, which);
  return load_known(known_dataset(name), which, options);
}

void require_one_shape(const Dataset& train, const Dataset& test) {
  if (train.shape == test.shape) return;
  throw Error(fmt::format("{}: training images are {}, test images {}; both need one size",
                          train.name, to_string(train.shape), to_string(test.shape)));
}

fs::path own_folder(const std::string& name) {
  if (name.starts_with("~/")) {
    if (const char* const home = std::getenv("HOME")) return home + name.substr(1);
  }
  return name;
}

}  // namespace normlab
