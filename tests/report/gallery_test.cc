#include "normlab/report/gallery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "data_sets/mnist_test_set.h"
#include "normlab/formats/png.h"
#include "normlab/report/gnuplot.h"
#include "report/sample.h"

namespace normlab {
namespace {

constexpr int kTestImages = 300;

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

Image draw(const MistakeCounts& counts, const Dataset& data) {
  const std::string script = png_terminal(kGalleryWidth, gallery_height(counts, data)) +
                             gallery_figure("GN", counts, data);
  return decode_png(run_gnuplot(script), "gallery");
}

// Right but for these images, which are taken for these classes.
Predictions predictions_with(const Dataset& data, const std::vector<std::pair<int, int>>& wrong) {
  Predictions predictions = sample_predictions(data, 0);
  for (const auto& [index, predicted] : wrong) {
    for (int k = 0; k < data.classes; ++k) {
      predictions.probabilities[static_cast<std::size_t>(index * data.classes + k)] =
          k == predicted ? 0.91f : 0.01f;
    }
  }
  return predictions;
}

TEST(Gallery, FewerThanTenMistakesOrNoneCanBeDrawn) {
  const Dataset data = sample_test_set(kTestImages);
  for (const int mistakes : {0, 1, 9, 10, 11}) {
    const MistakeCounts counts = sample_mistakes(data, mistakes);
    const std::string script = gallery_figure("GN", counts, data);
    EXPECT_EQ(occurrences(script, "with rgbimage"),
              static_cast<std::size_t>(std::min(mistakes, 10)));
    EXPECT_EQ(draw(counts, data).height, gallery_height(counts, data));
    EXPECT_EQ(script.find("Not one") != std::string::npos, mistakes == 0);
    EXPECT_EQ(script.find("ten are shown") != std::string::npos, mistakes > 10);
  }
}

TEST(Gallery, ShowsTheImagesPixelByPixel) {
  Dataset data = sample_test_set(kTestImages);
  data.shape = {3, 4, 4};  // each pixel 56 times enlarged
  data.images.assign(static_cast<std::size_t>(kTestImages) * data.shape.size(), 0);
  data.images[0] = 255;        // image 0: the upper left pixel is red,
  data.images[32 + 15] = 255;  // the lower right one blue, the rest black
  const Image image = draw(sample_mistakes(data, 1), data);
  // The frame takes some of the rim. Seams between squares would take 1,344 pixels of the black.
  EXPECT_NEAR(pixels_like(image, 255, 0, 0), 56 * 56, 120);
  EXPECT_NEAR(pixels_like(image, 0, 0, 255), 56 * 56, 120);
  EXPECT_NEAR(pixels_like(image, 0, 0, 0), 14 * 56 * 56, 800);
}

TEST(Gallery, MarksWhatRatersDisputed) {
  const Dataset data = mnist_test_set();
  // Image 946 and the label of 947 are as they should be; nobody disputes 946.
  const MistakeCounts counts =
      count({predictions_with(data, {{946, 9}, {947, 9}, {2130, 9}, {3520, 5}})});
  const std::string script = gallery_figure("GN", counts, data);
  EXPECT_EQ(occurrences(script, "'disputed: "), 3u) << script;
  for (const char* mark : {"disputed: raters say 9, 5 of 5", "disputed: 4 or 9, 2 of 5 each",
                           "disputed: neither 6 nor 4, 3 of 5"}) {
    EXPECT_EQ(occurrences(script, mark), 1u) << mark;
  }
  EXPECT_EQ(gallery_summary(counts, data),
            "4 of 10,000 test images are misclassified, 3 of them with disputed labels");
  EXPECT_GT(pixels_like(draw(counts, data), 0x8a, 0x2f, 0x6b), 100);
}

TEST(Gallery, SaysHowManyLabelsAreDisputed) {
  const Dataset data = mnist_test_set();
  EXPECT_EQ(gallery_summary(count({predictions_with(data, {{5, 1}, {9729, 6}})}), data),
            "2 of 10,000 test images are misclassified, 1 of them with a disputed label");
  EXPECT_EQ(gallery_summary(count({predictions_with(data, {{5, 1}})}), data),
            "1 of 10,000 test images is misclassified, none of them with a disputed label");
  EXPECT_EQ(gallery_summary(count({predictions_with(data, {})}), data),
            "0 of 10,000 test images are misclassified");
}

TEST(Gallery, OtherImagesHaveNoDisputes) {
  Dataset data = mnist_test_set();
  const MistakeCounts counts = count({predictions_with(data, {{947, 9}})});
  const int height = gallery_height(counts, data);
  data.images_sha256.clear();
  EXPECT_EQ(occurrences(gallery_figure("GN", counts, data), "disputed"), 0u);
  EXPECT_EQ(gallery_summary(counts, data), "1 of 10,000 test images is misclassified");
  EXPECT_LT(gallery_height(counts, data), height);  // without the line for it
}

TEST(Gallery, OfSeveralSeedsItCountsThoseThatAgree) {
  const Dataset data = mnist_test_set();
  const MistakeCounts counts = count({predictions_with(data, {{5, 1}, {947, 9}, {1621, 6}}),
                                      predictions_with(data, {{5, 2}, {947, 9}}),
                                      predictions_with(data, {{5, 2}, {947, 9}, {7, 3}})});
  EXPECT_EQ(gallery_title("GN", counts), "GN: the most frequent mistakes of 3 seeds");
  EXPECT_EQ(gallery_summary(counts, data),
            "4 of 10,000 test images are misclassified by at least one seed (2 with disputed "
            "labels), 2 by all (1)");
  const std::string script = gallery_figure("GN", counts, data);
  EXPECT_EQ(occurrences(script, "'3 of 3 seeds'"), 1u);  // 947
  EXPECT_EQ(occurrences(script, "'2 of 3 seeds'"), 1u);  // 5, as 2
  EXPECT_EQ(occurrences(script, "'1 of 3 seeds'"), 2u);
  EXPECT_EQ(occurrences(script, "'mean 91.0 %'"), 4u);
  EXPECT_LT(script.find("'#947'"), script.find("'#5'"));
  EXPECT_LT(script.find("'#5'"), script.find("'#7'"));

  EXPECT_EQ(
      gallery_summary(count({predictions_with(data, {{5, 1}}), predictions_with(data, {})}), data),
      "1 of 10,000 test images is misclassified by at least one seed (none with a disputed "
      "label), none by all");
}

}  // namespace
}  // namespace normlab
