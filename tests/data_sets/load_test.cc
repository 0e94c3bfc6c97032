#include "normlab/data/load.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data_sets/idx_files.h"
#include "data_sets/write_bytes.h"
#include "expect_error.h"
#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/data/cache.h"
#include "normlab/data/registry.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

class OwnFolder : public testing::Test {
 protected:
  OwnFolder() {
    write("train-images-idx3-ubyte", idx_file({3, 1, 2}, {1, 2, 3, 4, 5, 6}));
    write("train-labels-idx1-ubyte", idx_file({3}, {0, 2, 1}));
    write("t10k-images-idx3-ubyte", idx_file({1, 1, 2}, {7, 8}));
    write("t10k-labels-idx1-ubyte", idx_file({1}, {3}));
  }
  void write(const std::string& name, const Bytes& bytes) { write_bytes(folder_ / name, bytes); }
  Dataset load(const std::string& split = "train") {
    return load_dataset(folder_.path().native() + "/", split);
  }
  std::string failure(const std::string& split = "train") {
    return message_of<Error>([&] { load(split); });
  }
  std::string in_folder(const std::string& name) const {
    return folder_.path().native() + "/" + name;
  }

  TemporaryFolder folder_;
};

TEST_F(OwnFolder, TestImagesOfAnotherSizeAreRefused) {
  require_one_shape(load(), load("test"));
  write("t10k-images-idx3-ubyte", idx_file({1, 2, 1}, {7, 8}));
  EXPECT_EQ(message_of<Error>([&] { require_one_shape(load(), load("test")); }),
            in_folder("") + ": training images are 1x1x2, test images 1x2x1; both need one size");
}

TEST_F(OwnFolder, IsLoaded) {
  const Dataset train = load();
  EXPECT_EQ(train.split, "train");
  EXPECT_EQ(train.shape, (Shape{1, 1, 2}));
  EXPECT_EQ(train.images, (Bytes{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(train.labels, (Bytes{0, 2, 1}));
  EXPECT_EQ(train.size(), 3);
  EXPECT_EQ(train.image(2)[1], 6);
  // The largest label is in the other split.
  EXPECT_EQ(train.classes, 4);
  EXPECT_EQ(train.class_names, (std::vector<std::string>{"0", "1", "2", "3"}));
  EXPECT_EQ(train.images_sha256.size(), 64u);
  const Dataset test = load("test");
  EXPECT_EQ(test.images, (Bytes{7, 8}));
  EXPECT_EQ(test.classes, 4);
}

TEST_F(OwnFolder, MayHoldCompressedFilesOfOtherNames) {
  for (const char* const name : {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    fs::remove(folder_ / name);
  }
  write("test-images.idx3-ubyte", idx_file({1, 1, 2}, {9, 8}));
  write("test-labels-idx1-ubyte.gz", gzipped(idx_file({1}, {1})));
  EXPECT_EQ(load("test").images, (Bytes{9, 8}));
  EXPECT_EQ(load("test").labels, (Bytes{1}));
}

TEST_F(OwnFolder, MayHoldColourImages) {
  fs::remove(folder_ / "train-images-idx3-ubyte");
  write("train-images-idx4-ubyte", idx_file({3, 3, 2, 1}, Bytes(18, 5)));
  EXPECT_EQ(load().shape, (Shape{3, 2, 1}));
  write("train-images-idx4-ubyte", idx_file({3, 32, 32, 3}, Bytes(3 * 32 * 32 * 3, 5)));
  EXPECT_NE(failure().find("look as if channels came last"), std::string::npos);
}

TEST_F(OwnFolder, MayNameItsClasses) {
  write_file_atomically(folder_ / "classes.txt", "ant\r\nbee\ncat\ndog\neel\n\n");
  EXPECT_EQ(load().class_names, (std::vector<std::string>{"ant", "bee", "cat", "dog", "eel"}));
  EXPECT_EQ(load().classes, 5);
  write_file_atomically(folder_ / "classes.txt", "ant\nbee\n");
  EXPECT_EQ(failure(), in_folder("train-labels-idx1-ubyte") +
                           ": label 2 of image 1 is outside the 2 classes 0 to 1");
  write_file_atomically(folder_ / "classes.txt", "\n");
  EXPECT_EQ(failure(), in_folder("classes.txt") + ": names no class");
}

TEST_F(OwnFolder, CountsMustAgree) {
  write("train-labels-idx1-ubyte", idx_file({2}, {0, 2}));
  EXPECT_EQ(failure(), in_folder("train-images-idx3-ubyte") + " holds 3 images but " +
                           in_folder("train-labels-idx1-ubyte") +
                           " 2 labels. It is damaged or no IDX file.");
}

TEST_F(OwnFolder, RanksAndSizesMustMakeSense) {
  const std::string images = in_folder("train-images-idx3-ubyte");
  write("train-images-idx3-ubyte", idx_file({3}, {1, 2, 3}));
  EXPECT_EQ(failure(), images +
                           ": an array of rank 1; images are of rank 3 (N, H, W) or 4 "
                           "(N, C, H, W)");
  write("train-images-idx3-ubyte", idx_file({0, 28, 28}, {}));
  EXPECT_EQ(failure(), images + ": holds no images");
  write("train-images-idx3-ubyte", idx_file({3, 0, 28}, {}));
  EXPECT_EQ(failure(), images + ": holds no images");
  write("train-images-idx3-ubyte", idx_file({1, 1, 16385}, Bytes(16385)));
  EXPECT_EQ(failure(), images + ": images of 1x16385 are larger than 16384 across");
  write("train-images-idx3-ubyte", {0, 0, 13, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0});
  EXPECT_EQ(failure(),
            images + ": holds float32 elements; here only integers from 0 to 255 are supported");
  write("train-images-idx3-ubyte", idx_file({3, 1, 2}, {1, 2, 3, 4, 5, 6}));
  write("train-labels-idx1-ubyte", idx_file({3, 1}, {0, 2, 1}));
  EXPECT_EQ(failure(),
            in_folder("train-labels-idx1-ubyte") + ": an array of rank 2; labels are of rank 1");
}

TEST_F(OwnFolder, DamageAndAbsenceAreNamed) {
  write("train-images-idx3-ubyte", {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1});
  EXPECT_EQ(failure(), in_folder("train-images-idx3-ubyte") +
                           ": the header promises 3 elements of 1x2 uint8 but the file holds 1 "
                           "bytes after it. It is damaged or no IDX file.");
  fs::remove(folder_ / "train-images-idx3-ubyte");
  EXPECT_EQ(failure(),
            folder_.path().native() + "/: holds no train-images-idx3-ubyte, plain or .gz");
  EXPECT_EQ(message_of<Error>([] { load_dataset("./no such folder", "train"); }),
            "./no such folder: is no folder; it should hold four IDX files, as MNIST's");
  EXPECT_EQ(message_of<UsageError>([&] { load("valid"); }),
            "split \"valid\" is neither \"train\" nor \"test\"");
}

class KnownSet : public testing::Test {
 protected:
  KnownSet() {
    options_.fetch = false;
    options_.fetching.cache = folder_.path();
  }
  void write(const KnownDataset& set, const Bytes& images, const Bytes& labels) {
    fs::create_directories(folder_ / set.folder);
    for (int split = 0; split < 2; ++split) {
      const auto i = static_cast<std::size_t>(split);
      write_bytes(folder_ / set.folder / set.image_files[i].name, images);
      write_bytes(folder_ / set.folder / set.label_files[i].name, labels);
    }
  }

  TemporaryFolder folder_;
  LoadOptions options_;
};

TEST_F(KnownSet, LettersCountFromOneAndLieOnTheirSide) {
  const KnownDataset& set = known_dataset("emnist-letters");
  write(set, idx_file({2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), idx_file({2}, {1, 26}));
  const Dataset dataset = load_dataset("emnist-letters", "test", options_);
  EXPECT_EQ(dataset.name, "emnist-letters");
  EXPECT_EQ(dataset.shape, (Shape{1, 3, 2}));
  EXPECT_EQ(dataset.images, (Bytes{1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12}));
  EXPECT_EQ(dataset.labels, (Bytes{0, 25}));
  EXPECT_EQ(dataset.class_names[25], "z");
  write(set, idx_file({2, 1, 1}, {1, 2}), idx_file({2}, {1, 0}));
  EXPECT_EQ(message_of<Error>([&] { load_dataset("emnist-letters", "test", options_); }),
            (folder_ / "emnist/emnist-letters-test-labels-idx1-ubyte").native() +
                ": label 0 of image 1 is outside the 26 classes 1 to 26");
}

TEST_F(KnownSet, OtherBytesThanPublishedAreRefused) {
  write(known_dataset("mnist"), idx_file({1, 28, 28}, Bytes(784)), idx_file({1}, {0}));
  const std::string text = message_of<Error>([&] { load_dataset("mnist", "train", options_); });
  EXPECT_TRUE(
      text.starts_with((folder_ / "mnist/train-images-idx3-ubyte").native() + ": SHA-256 is "))
      << text;
  EXPECT_TRUE(text.ends_with("5776db. Fetch it again: normlab data fetch mnist")) << text;
}

TEST_F(KnownSet, OtherBytesThanFetchedAreRefused) {
  const KnownDataset& set = known_dataset("kmnist");
  write(set, idx_file({1, 28, 28}, Bytes(784)), idx_file({1}, {0}));
  EXPECT_EQ(load_dataset("kmnist", "train", options_).class_names[3], "tsu");
  record_sum(folder_ / "kmnist", set.image_files[0].name, std::string(64, '0'));
  const std::string text = message_of<Error>([&] { load_dataset("kmnist", "train", options_); });
  EXPECT_TRUE(text.ends_with(", not " + std::string(64, '0') +
                             ". Fetch it again: normlab data fetch kmnist"))
      << text;
}

TEST_F(KnownSet, SaysWhatToDoIfItIsNotHere) {
  EXPECT_EQ(message_of<Error>([&] { load_dataset("kmnist", "train", options_); }),
            "kmnist: not on this machine (looked in " + (folder_ / "kmnist").native() +
                "). Fetch it: normlab data fetch kmnist");
}

TEST_F(KnownSet, FashionMnistIsTakenFromThePackageOfTheSystem) {
  const KnownDataset& set = known_dataset("fashion-mnist");
  if (!fs::exists(set.system_folder)) GTEST_SKIP() << "no package " << set.system_package;
  const Dataset dataset = load_dataset("fashion-mnist", "test", options_);
  EXPECT_EQ(dataset.size(), 10000);
  EXPECT_EQ(dataset.shape, (Shape{1, 28, 28}));
  EXPECT_EQ(dataset.images_sha256, set.image_files[1].sha256);
  EXPECT_EQ(dataset.class_names[dataset.labels[0]], "Ankle boot");
}

TEST(Registry, IsWholeAndConsistent) {
  for (const KnownDataset& set : known_datasets()) {
    EXPECT_EQ(&known_dataset(set.name), &set);
    EXPECT_FALSE(set.licence.empty()) << set.name;
    EXPECT_FALSE(set.homepage.empty()) << set.name;
    EXPECT_GE(set.class_names.size(), 10u) << set.name;
    for (const std::string& mirror : set.mirrors) {
      EXPECT_TRUE(mirror.starts_with("http") && mirror.ends_with('/')) << mirror;
    }
    for (const KnownFile& file : set.files()) {
      EXPECT_FALSE(file.name.empty());
      EXPECT_TRUE(file.sha256.empty() || file.sha256.size() == 64) << file.name;
      EXPECT_TRUE(file.published_md5.empty() || file.published_md5.size() == 32) << file.name;
      // Something must tell damage from data.
      EXPECT_TRUE(!file.sha256.empty() || !file.published_md5.empty() || set.archive) << file.name;
    }
  }
  EXPECT_EQ(known_dataset("emnist-balanced").class_names.size(), 47u);
  EXPECT_EQ(known_dataset("emnist-byclass").class_names.size(), 62u);
  EXPECT_EQ(known_dataset("emnist-letters").class_names.size(), 26u);
}

TEST(Registry, UnknownNamesAreAnswered) {
  const auto answer = [](const std::string& name) {
    return message_of<UsageError>([&] { known_dataset(name); });
  };
  EXPECT_TRUE(answer("mnits").starts_with("unknown data set \"mnits\"; did you mean \"mnist\"?"));
  EXPECT_TRUE(answer("emnist").starts_with("emnist is six data sets; name one: emnist-balanced,"));
  EXPECT_NE(answer("k49").find("published as NumPy files only"), std::string::npos);
}

}  // namespace
}  // namespace normlab
