#include "normlab/experiment/datasets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "data_sets/idx_files.h"
#include "data_sets/write_bytes.h"
#include "expect_error.h"
#include "normlab/base/error.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

// One pixel an image, its number; sorted by class.
Dataset numbered(int count) {
  Dataset data;
  data.name = "numbered";
  data.split = "train";
  data.shape = {1, 1, 1};
  for (int i = 0; i < count; ++i) {
    data.images.push_back(static_cast<std::uint8_t>(i));
    data.labels.push_back(static_cast<std::uint8_t>(10 * i / count));
  }
  return data;
}

TEST(HoldOut, MovesImagesWithTheirLabels) {
  const Dataset all = numbered(200);
  Dataset train = all;
  const Dataset held = hold_out(train, 50);
  EXPECT_EQ(held.size(), 50);
  EXPECT_EQ(train.size(), 150);
  EXPECT_EQ(held.split, "validation");
  EXPECT_EQ(train.split, "train");
  EXPECT_EQ(held.shape, all.shape);
  std::vector<std::uint8_t> together;
  for (const Dataset* part : std::vector<const Dataset*>{&held, &train}) {
    EXPECT_TRUE(std::is_sorted(part->images.begin(), part->images.end()));
    ASSERT_EQ(part->images.size(), part->labels.size());
    for (int i = 0; i < part->size(); ++i) {
      const std::uint8_t image = *part->image(i);
      EXPECT_EQ(part->labels[static_cast<std::size_t>(i)], all.labels[image]);
      together.push_back(image);
    }
  }
  std::sort(together.begin(), together.end());
  EXPECT_EQ(together, all.images);
  // Of each class some, though the images are sorted by class.
  EXPECT_EQ(held.labels.front(), 0);
  EXPECT_EQ(held.labels.back(), 9);
}

TEST(HoldOut, IsTheSameEveryTime) {
  Dataset first = numbered(200);
  Dataset second = numbered(200);
  EXPECT_EQ(hold_out(first, 50).images, hold_out(second, 50).images);
}

TEST(HoldOut, LeavesSomethingToLearnFrom) {
  Dataset train = numbered(20);
  EXPECT_THROW(hold_out(train, 20), UsageError);
  EXPECT_EQ(train.size(), 20);
  EXPECT_EQ(hold_out(train, 0).size(), 0);
  EXPECT_EQ(train.size(), 20);
}

TEST(Datasets, OfTwoImageSizesAreRefused) {
  const TemporaryFolder folder;
  write_bytes(folder / "train-images-idx3-ubyte", idx_file({3, 1, 2}, {1, 2, 3, 4, 5, 6}));
  write_bytes(folder / "train-labels-idx1-ubyte", idx_file({3}, {0, 2, 1}));
  write_bytes(folder / "t10k-images-idx3-ubyte", idx_file({1, 1, 2}, {7, 8}));
  write_bytes(folder / "t10k-labels-idx1-ubyte", idx_file({1}, {1}));
  const std::string name = folder.path().native() + "/";
  EXPECT_EQ(Datasets({}).get(name).test.size(), 1);
  write_bytes(folder / "t10k-images-idx3-ubyte", idx_file({1, 2, 1}, {7, 8}));
  Datasets datasets({});
  EXPECT_EQ(message_of<Error>([&] { datasets.get(name); }),
            name + ": training images are 1x1x2, test images 1x2x1; both need one size");
}

}  // namespace
}  // namespace normlab
