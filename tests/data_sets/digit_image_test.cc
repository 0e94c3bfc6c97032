#include "normlab/data/digit_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "expect_error.h"
#include "formats/png_writer.h"
#include "normlab/base/random.h"
#include "normlab/data/resample.h"

namespace normlab {
namespace {

using Digit = std::vector<std::uint8_t>;  // [28][28]

// The first hundred images of MNIST's test set, ten in a row.
std::vector<Digit> real_digits() {
  const Image sheet = read_png(std::string(NORMLAB_TEST_DATA) + "/digits/mnist-test-0-99.png");
  EXPECT_EQ(sheet.width, 280);
  EXPECT_EQ(sheet.height, 280);
  std::vector<Digit> digits;
  for (int i = 0; i < 100; ++i) {
    Digit digit;
    for (int row = 0; row < kDigitSide; ++row) {
      const std::uint8_t* line = sheet.at(i / 10 * kDigitSide + row, i % 10 * kDigitSide);
      digit.insert(digit.end(), line, line + kDigitSide);
    }
    digits.push_back(std::move(digit));
  }
  return digits;
}

Image enlarged(const Digit& digit, int factor) {
  Image image(kDigitSide * factor, kDigitSide * factor, 1, 0);
  for (int row = 0; row < image.height; ++row) {
    for (int column = 0; column < image.width; ++column) {
      *image.at(row, column) =
          digit[static_cast<std::size_t>(row / factor * kDigitSide + column / factor)];
    }
  }
  return image;
}

Image smoothly_enlarged(const Digit& digit, int side) {
  const std::vector<float> plane(digit.begin(), digit.end());
  Image image(side, side, 1, 0);
  std::size_t i = 0;
  for (const float value : resample(plane, kDigitSide, kDigitSide, side, side)) {
    image.pixels[i++] = static_cast<std::uint8_t>(std::lround(value));
  }
  return image;
}

Image inverted(Image image) {
  for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(255 - value);
  return image;
}

// The picture somewhere on a larger ground.
Image placed(const Image& image, int width, int height, int left, int top, std::uint8_t ground) {
  Image canvas(width, height, 1, ground);
  for (int row = 0; row < image.height; ++row) {
    std::copy_n(image.at(row, 0), image.width, canvas.at(top + row, left));
  }
  return canvas;
}

struct Difference {
  double mean = 0;
  int most = 0;
};

Difference difference(const Digit& a, const Digit& b) {
  Difference result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int each = std::abs(int{a[i]} - int{b[i]});
    result.mean += each / static_cast<double>(a.size());
    result.most = std::max(result.most, each);
  }
  return result;
}

// Through the PNG format, as a user's picture comes.
Digit prepare(const Image& image) {
  return prepare_digit(decode_png(png_of(image), "digit.png"), "digit.png");
}

TEST(DigitImage, EnlargedDigitsComeBackWhateverTheirColourAndPlace) {
  for (const Digit& digit : real_digits()) {
    const Image large = enlarged(digit, 8);
    for (const Image& image :
         {enlarged(digit, 1), inverted(large), placed(large, 600, 400, 370, 10, 0),
          placed(inverted(large), 300, 700, 3, 400, 255)}) {
      const Digit back = prepare(image);
      ASSERT_EQ(back.size(), digit.size());
      // MNIST's darkest pixel is 254 in some images and becomes 255.
      EXPECT_LE(difference(back, digit).most, 1);
    }
  }
}

TEST(DigitImage, SmoothEnlargementsComeBackNearly) {
  // Interpolation blurs, widens the ink by half a pixel and may tip the rounding of the offset: the
  // mean difference was seen to be 8.6 of 255. Between an image and itself, one pixel to the right,
  // it is twice that.
  double sum = 0;
  double sum_of_shifted = 0;
  for (const Digit& digit : real_digits()) {
    sum += difference(prepare(inverted(smoothly_enlarged(digit, 301))), digit).mean / 100;
    Digit shifted = digit;
    std::rotate(shifted.begin(), shifted.end() - 1, shifted.end());
    sum_of_shifted += difference(shifted, digit).mean / 100;
  }
  EXPECT_LT(sum, 10);
  EXPECT_GT(sum_of_shifted, 15);
}

TEST(DigitImage, ColourContrastAndNoiseDoNotMatter) {
  const Digit digit = real_digits()[0];
  const Digit expected = prepare(enlarged(digit, 8));
  RandomStream random(11, Purpose::kAugmentation, 0, 0);
  // Blue ink on yellowish, uneven paper.
  const Image source = enlarged(digit, 8);
  Image photo(source.width, source.height, 3, 0);
  for (int row = 0; row < photo.height; ++row) {
    for (int column = 0; column < photo.width; ++column) {
      const int ink = *source.at(row, column);
      const int noise = static_cast<int>(random.below(9)) - 4;
      constexpr std::array kPaper = {230, 225, 200};
      constexpr std::array kInk = {40, 50, 140};
      for (std::size_t c = 0; c < 3; ++c) {
        photo.at(row, column)[c] =
            static_cast<std::uint8_t>((kPaper[c] * (255 - ink) + kInk[c] * ink) / 255 + noise);
      }
    }
  }
  EXPECT_LT(difference(prepare(photo), expected).mean, 4);
}

TEST(DigitImage, TheInkFillsTheBoxAndItsMassIsInTheMiddle) {
  // A bar of 10 by 100: scaled to 2 by 20.
  Image bar(300, 200, 1, 255);
  for (int row = 50; row < 150; ++row) {
    for (int column = 20; column < 30; ++column) *bar.at(row, column) = 0;
  }
  const Digit digit = prepare(bar);
  for (int row = 0; row < kDigitSide; ++row) {
    for (int column = 0; column < kDigitSide; ++column) {
      // Centre of mass at 9.5 and 0.5 of the box: its corner at round(14 - that), 5 and 14.
      const bool inside = row >= 5 && row < 25 && column >= 14 && column < 16;
      EXPECT_EQ(digit[static_cast<std::size_t>(row * kDigitSide + column)], inside ? 255 : 0)
          << row << ", " << column;
    }
  }
}

TEST(DigitImage, OddPicturesGiveADigitOrAnError) {
  expect_error([] { prepare_digit(Image(30, 30, 1, 255), "blank.png"); },
               {"blank.png", "nothing but an even ground"});
  expect_error([] { prepare_digit(Image(1, 1, 3, 7), "dot.png"); }, {"dot.png"});
  for (const auto& [width, height] : {std::pair{3, 3}, {2000, 3}, {3, 2000}}) {
    Image image(width, height, 1, 255);
    *image.at(height / 2, width / 2) = 0;
    const Digit digit = prepare(image);
    EXPECT_EQ(*std::max_element(digit.begin(), digit.end()), 255) << width << "x" << height;
  }
}

TEST(FitImage, ResizesGreyAndColour) {
  Image colour(4, 4, 3, 0);
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      colour.at(row, column)[0] = static_cast<std::uint8_t>(column < 2 ? 200 : 100);
      colour.at(row, column)[2] = 50;
    }
  }
  EXPECT_EQ(fit_image(colour, {3, 2, 2}), (Digit{200, 100, 200, 100, 0, 0, 0, 0, 50, 50, 50, 50}));
  // Luma of (200, 0, 50) and (100, 0, 50): 65.5 and 35.6.
  const Digit grey = fit_image(colour, {1, 1, 2});
  EXPECT_EQ(grey[1], 36);
  EXPECT_TRUE(grey[0] == 65 || grey[0] == 66);
  EXPECT_EQ(fit_image(Image(5, 3, 1, 77), {3, 2, 2}), Digit(12, 77));
}

TEST(Resample, AveragesWhereItShrinksAndInterpolatesWhereItGrows) {
  const std::vector<float> line = {0, 2, 4, 6, 8, 10};
  EXPECT_EQ(resample(line, 1, 6, 1, 3), (std::vector<float>{1, 5, 9}));
  EXPECT_EQ(resample(line, 6, 1, 2, 1), (std::vector<float>{2, 8}));
  // 1.5 old pixels each: (0 + 2 / 2) / 1.5 and so on.
  const auto four = resample(line, 1, 6, 1, 4);
  const std::vector<float> expected = {1 / 1.5f, 5 / 1.5f, 10 / 1.5f, 14 / 1.5f};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(four[i], expected[i], 1e-5);
  EXPECT_EQ(resample(std::vector<float>{0, 4}, 1, 2, 1, 4), (std::vector<float>{0, 1, 3, 4}));
  EXPECT_EQ(resample(std::vector<float>{7}, 1, 1, 2, 3), std::vector<float>(6, 7.0f));
}

}  // namespace
}  // namespace normlab
