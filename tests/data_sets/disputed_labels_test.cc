#include "normlab/data/disputed_labels.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data_sets/mnist_test_set.h"
#include "normlab/base/file.h"
#include "normlab/formats/csv.h"

namespace normlab {
namespace {

std::vector<std::vector<int>> published_disputes() {
  const std::filesystem::path path =
      std::filesystem::path(NORMLAB_TEST_DATA) / "mnist-disputed-labels.csv";
  const std::string text = read_text_file(path);
  CsvReader csv(text, path.native());
  std::vector<std::vector<int>> rows;
  std::vector<std::string> fields;
  while (csv.next(fields)) {
    rows.emplace_back();
    for (const std::string& field : fields) {
      rows.back().push_back(static_cast<int>(csv.integer(field)));
    }
  }
  return rows;
}

TEST(DisputedLabels, AreThoseThatArePublished) {
  std::vector<std::vector<int>> rows;
  for (const DisputedLabel& label : disputed_labels(mnist_test_set())) {
    rows.push_back({label.index, label.given, label.suggested, label.for_given, label.for_suggested,
                    label.for_neither});
  }
  EXPECT_EQ(rows.size(), 15u);
  EXPECT_EQ(rows, published_disputes());
}

TEST(DisputedLabels, FewerThanThreeOfFiveRatersVotedForThem) {
  for (const DisputedLabel& label : disputed_labels(mnist_test_set())) {
    EXPECT_LT(label.for_given, 3) << label.index;
    EXPECT_EQ(label.for_given + label.for_suggested + label.for_neither, 5) << label.index;
    EXPECT_NE(label.given, label.suggested) << label.index;
  }
}

TEST(DisputedLabels, BelongToTheTestSetOfMnistByWhateverName) {
  Dataset data = mnist_test_set();
  data.name = "/data/digits";
  EXPECT_EQ(disputed_labels(data).size(), 15u);
}

TEST(DisputedLabels, NoOtherImagesHaveAny) {
  Dataset other_choice = mnist_test_set();  // emnist-mnist: digits, as many, other sums
  other_choice.images_sha256 = other_choice.labels_sha256 = "";
  EXPECT_TRUE(disputed_labels(other_choice).empty());

  Dataset other_images = mnist_test_set();
  other_images.images_sha256.back() ^= 1;
  EXPECT_TRUE(disputed_labels(other_images).empty());

  Dataset other_labels = mnist_test_set();
  other_labels.labels_sha256.back() ^= 1;
  EXPECT_TRUE(disputed_labels(other_labels).empty());

  Dataset part = mnist_test_set();
  part.labels.resize(9999);
  EXPECT_TRUE(disputed_labels(part).empty());

  Dataset corrected = mnist_test_set();
  corrected.labels[947] = 9;
  EXPECT_TRUE(disputed_labels(corrected).empty());
}

}  // namespace
}  // namespace normlab
