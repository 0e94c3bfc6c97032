#include "normlab/data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "normlab/data/gzip_file.h"

namespace normlab {
namespace {

// What tests/golden/augment.py wrote.
class Golden {
 public:
  Golden() : file_(std::string(NORMLAB_TEST_DATA) + "/augment/augment.gz") {}

  template <class T>
  T read() {
    T value{};
    const auto bytes = std::as_writable_bytes(std::span(&value, 1));
    EXPECT_EQ(file_.read(bytes), bytes.size());
    return value;
  }
  std::vector<std::uint8_t> read(std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    EXPECT_EQ(file_.read(std::as_writable_bytes(std::span(bytes))), size);
    return bytes;
  }

 private:
  GzipFile file_;
};

struct Exactness {
  std::size_t pixels = 0;
  std::size_t equal = 0;
  std::size_t moved = 0;  // pixels that augmentation changed: the comparison is not of copies
};

Exactness compare(Golden& golden, std::uint32_t images, const Shape& shape) {
  Exactness exactness;
  std::vector<std::uint8_t> result(shape.size());
  for (std::uint32_t image = 0; image < images; ++image) {
    Augmentation augmentation;
    augmentation.brightness = golden.read<float>();
    augmentation.contrast = golden.read<float>();
    augmentation.angle_degrees = golden.read<float>();
    augmentation.shift_x = golden.read<std::int8_t>();
    augmentation.shift_y = golden.read<std::int8_t>();
    augmentation.scale = golden.read<float>();
    augmentation.contrast_first = golden.read<std::uint8_t>() != 0;
    const auto fill = golden.read<std::uint8_t>();
    const auto before = golden.read(shape.size());
    const auto after = golden.read(shape.size());
    std::fill(result.begin(), result.end(), std::uint8_t{77});
    augment(result, before, shape, augmentation, fill);
    std::size_t equal = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
      equal += result[i] == after[i];
      exactness.moved += before[i] != after[i];
    }
    exactness.pixels += result.size();
    exactness.equal += equal;
    EXPECT_EQ(equal, result.size())
        << "image " << image << ": brightness " << augmentation.brightness << ", contrast "
        << augmentation.contrast << (augmentation.contrast_first ? " first" : " second")
        << ", angle " << augmentation.angle_degrees << ", shift " << augmentation.shift_x << " and "
        << augmentation.shift_y << ", scale " << augmentation.scale;
  }
  return exactness;
}

// Every pixel is exact: the blends are the same float operations, the motion the same fixed-point
// ones.
TEST(Augment, EqualsTorchvisionToTheByte) {
  Golden golden;
  const auto mark = golden.read(8);
  ASSERT_EQ(std::string(mark.begin(), mark.end()), "augment2");
  const auto grey = golden.read<std::uint32_t>();
  const auto colour = golden.read<std::uint32_t>();
  ASSERT_EQ(grey, 1000u);
  ASSERT_EQ(colour, 12u);
  const auto height = static_cast<int>(golden.read<std::uint32_t>());
  const auto width = static_cast<int>(golden.read<std::uint32_t>());
  const Exactness images = compare(golden, grey, {1, height, width});
  EXPECT_EQ(images.pixels, 784000u);
  EXPECT_GT(images.moved, 100000u);
  const Exactness colours = compare(golden, colour, {3, 17, 21});
  EXPECT_GT(colours.moved, colours.pixels / 2);
  std::printf("exact: %zu of %zu pixels of MNIST, %zu of %zu of colour images\n", images.equal,
              images.pixels, colours.equal, colours.pixels);
}

TEST(Augment, IdentityCopies) {
  const Shape shape{2, 5, 7};
  std::vector<std::uint8_t> from(shape.size());
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::uint8_t>(i * 37);
  std::vector<std::uint8_t> to(shape.size(), 99);
  augment(to, from, shape, Augmentation{}, 1);
  EXPECT_EQ(to, from);
}

TEST(Augment, FillsWhatComesFromOutside) {
  const Shape shape{1, 9, 9};
  const std::vector<std::uint8_t> from(shape.size(), 200);
  std::vector<std::uint8_t> to(shape.size());
  augment(to, from, shape, {.angle_degrees = 45.0f}, 3);
  for (const std::size_t corner : {0u, 8u, 72u, 80u}) EXPECT_EQ(to[corner], 3) << corner;
  EXPECT_EQ(to[40], 200);
}

TEST(Augment, TurnsCounterClockwise) {
  const Shape shape{1, 3, 3};
  const std::vector<std::uint8_t> from = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<std::uint8_t> to(shape.size());
  augment(to, from, shape, {.angle_degrees = 90.0f}, 0);
  EXPECT_EQ(to, (std::vector<std::uint8_t>{3, 6, 9, 2, 5, 8, 1, 4, 7}));
}

TEST(Augment, ShiftsToTheRightAndDown) {
  const Shape shape{1, 3, 4};
  const std::vector<std::uint8_t> from = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  std::vector<std::uint8_t> to(shape.size());
  augment(to, from, shape, {.shift_x = 2, .shift_y = 1}, 0);
  EXPECT_EQ(to, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 5, 6}));
  augment(to, from, shape, {.shift_x = -1, .shift_y = -2}, 99);
  EXPECT_EQ(to, (std::vector<std::uint8_t>{10, 11, 12, 99, 99, 99, 99, 99, 99, 99, 99, 99}));
  augment(to, from, shape, {.shift_x = 4}, 7);
  EXPECT_EQ(to, std::vector<std::uint8_t>(12, 7));
}

TEST(Augment, GrowsAboutTheMiddle) {
  const Shape shape{1, 1, 8};
  const std::vector<std::uint8_t> from = {1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<std::uint8_t> to(shape.size());
  augment(to, from, shape, {.scale = 2.0f}, 0);
  EXPECT_EQ(to, (std::vector<std::uint8_t>{3, 3, 4, 4, 5, 5, 6, 6}));
  augment(to, from, shape, {.scale = 0.5f}, 0);
  EXPECT_EQ(to, (std::vector<std::uint8_t>{0, 0, 2, 4, 6, 8, 0, 0}));
}

TEST(DrawAugmentation, DependsOnTheStreamAlone) {
  const AugmentOptions options{.shift = 1000, .scale = 0.5f};
  const auto draw = [&](std::uint64_t seed, std::uint32_t epoch, std::uint32_t sample) {
    RandomStream random(seed, Purpose::kAugmentation, epoch, sample);
    return draw_augmentation(options, random);
  };
  const Augmentation one = draw(1, 2, 3);
  const Augmentation again = draw(1, 2, 3);
  EXPECT_EQ(one.brightness, again.brightness);
  EXPECT_EQ(one.contrast, again.contrast);
  EXPECT_EQ(one.angle_degrees, again.angle_degrees);
  EXPECT_EQ(one.contrast_first, again.contrast_first);
  EXPECT_EQ(one.shift_x, again.shift_x);
  EXPECT_EQ(one.shift_y, again.shift_y);
  EXPECT_EQ(one.scale, again.scale);
  EXPECT_NE(one.shift_x, one.shift_y);
  EXPECT_NE(one.brightness, draw(2, 2, 3).brightness);
  EXPECT_NE(one.brightness, draw(1, 3, 3).brightness);
  EXPECT_NE(one.brightness, draw(1, 2, 4).brightness);
  EXPECT_NE(one.brightness, one.contrast);
}

// Recipes that were made before there was a shift keep their augmentation.
TEST(DrawAugmentation, ShiftAndScaleAreDrawnLast) {
  for (std::uint32_t sample = 0; sample < 100; ++sample) {
    RandomStream random(9, Purpose::kAugmentation, 1, sample);
    RandomStream same(9, Purpose::kAugmentation, 1, sample);
    const Augmentation still = draw_augmentation({}, random);
    const Augmentation moved = draw_augmentation({.shift = 3, .scale = 0.2f}, same);
    ASSERT_EQ(still.brightness, moved.brightness);
    ASSERT_EQ(still.contrast, moved.contrast);
    ASSERT_EQ(still.angle_degrees, moved.angle_degrees);
    ASSERT_EQ(still.contrast_first, moved.contrast_first);
    ASSERT_EQ(still.shift_x, 0);
    ASSERT_EQ(still.shift_y, 0);
    ASSERT_EQ(still.scale, 1.0f);
  }
}

// Mean and variance of each number, within five standard errors; extremes; the correlation of each
// pair.
TEST(DrawAugmentation, IsUniformAndIndependent) {
  struct Expected {
    double low, high, variance;
  };
  const auto uniform = [](double low, double high) {
    return Expected{low, high, (high - low) * (high - low) / 12};
  };
  constexpr int kDraws = 40000;
  const AugmentOptions options{
      .brightness = 0.1f, .contrast = 0.4f, .rotation_degrees = 7, .shift = 2.5f, .scale = 0.2f};
  constexpr std::size_t kNumbers = 7;
  const std::array<Expected, kNumbers> expected = {
      uniform(0.9, 1.1),  uniform(0.6, 1.4),  uniform(-7, 7), Expected{0, 1, 0.25},  // a coin
      Expected{-2, 2, 2}, Expected{-2, 2, 2},  // five whole numbers, equally often
      uniform(0.8, 1.2)};
  std::vector<std::array<double, kNumbers>> draws;
  for (std::uint32_t sample = 0; sample < kDraws; ++sample) {
    RandomStream random(5, Purpose::kAugmentation, 1, sample);
    const Augmentation drawn = draw_augmentation(options, random);
    draws.push_back({drawn.brightness, drawn.contrast, drawn.angle_degrees,
                     drawn.contrast_first ? 1.0 : 0.0, static_cast<double>(drawn.shift_x),
                     static_cast<double>(drawn.shift_y), drawn.scale});
  }
  const auto middle = [&](std::size_t k) { return (expected[k].low + expected[k].high) / 2; };
  for (std::size_t k = 0; k < kNumbers; ++k) {
    double mean = 0, variance = 0;
    for (const auto& draw : draws) {
      ASSERT_GE(draw[k], expected[k].low - 1e-6);
      ASSERT_LE(draw[k], expected[k].high + 1e-6);
      mean += draw[k] / kDraws;
    }
    for (const auto& draw : draws) variance += (draw[k] - mean) * (draw[k] - mean) / kDraws;
    EXPECT_NEAR(mean, middle(k), 5 * std::sqrt(expected[k].variance / kDraws)) << k;
    EXPECT_NEAR(variance / expected[k].variance, 1.0, 5 * std::sqrt(2.0 / kDraws)) << k;
    for (std::size_t j = 0; j < k; ++j) {
      double product = 0;
      for (const auto& draw : draws) product += (draw[k] - middle(k)) * (draw[j] - middle(j));
      const double deviations = std::sqrt(expected[k].variance * expected[j].variance);
      EXPECT_NEAR(product / kDraws / deviations, 0.0, 5 / std::sqrt(kDraws)) << k << " and " << j;
    }
  }
}

TEST(DrawAugmentation, DisabledOrZeroIsTheIdentity) {
  for (const AugmentOptions& options :
       {AugmentOptions{.enabled = false, .shift = 3, .scale = 0.5f},
        AugmentOptions{.brightness = 0, .contrast = 0, .rotation_degrees = 0}}) {
    RandomStream random(1, Purpose::kAugmentation, 1, 1);
    const Augmentation drawn = draw_augmentation(options, random);
    EXPECT_EQ(drawn.brightness, 1.0f);
    EXPECT_EQ(drawn.contrast, 1.0f);
    EXPECT_EQ(drawn.angle_degrees, 0.0f);
    EXPECT_EQ(drawn.shift_x, 0);
    EXPECT_EQ(drawn.shift_y, 0);
    EXPECT_EQ(drawn.scale, 1.0f);
  }
}

TEST(DrawAugmentation, FactorsAreNeverNegative) {
  for (std::uint32_t sample = 0; sample < 1000; ++sample) {
    RandomStream random(1, Purpose::kAugmentation, 1, sample);
    const Augmentation drawn = draw_augmentation({.brightness = 3, .contrast = 3}, random);
    ASSERT_GE(drawn.brightness, 0.0f);
    ASSERT_GE(drawn.contrast, 0.0f);
  }
}

}  // namespace
}  // namespace normlab
