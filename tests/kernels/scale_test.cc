#include "normlab/kernels/scale.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/awkward_sizes.h"
#include "kernels/guarded.h"
#include "kernels/instruction_sets.h"
#include "reference/compare.h"
#include "reference/dropout.h"
#include "reference/random.h"

namespace normlab {
namespace {

// Which numbers dropout keeps, and the factors that say so: 1 / (1 - p) or 0.
struct Mask {
  std::vector<bool> kept;
  std::vector<float> factors;
};

constexpr float kProbability = 0.75f;  // kept numbers are multiplied by 4: exact

Mask random_mask(reference::Random& random, std::size_t count) {
  Mask mask;
  for (std::size_t i = 0; i < count; ++i) {
    mask.kept.push_back(random.integer(0, 1) == 1);
    mask.factors.push_back(mask.kept.back() ? 1 / (1 - kProbability) : 0.0f);
  }
  return mask;
}

TEST(Scale, OfElementsEqualsDropout) {
  reference::Random random(151);
  for (const ImageSize& image : kAwkwardImages) {
    for (const int samples : kAwkwardSamples) {
      const Shape shape{3, image.height, image.width};
      const std::size_t count = static_cast<std::size_t>(samples) * shape.size();
      const std::vector<float> x = random.normals(count, 0.0f, 1.0f);
      const Mask mask = random_mask(random, count);
      const auto expected = reference::dropout(
          exactly<double>(x, samples, 3, image.height, image.width), mask.kept, kProbability);
      on_every_instruction_set([&] {
        GuardedTiles in(shape, samples, x), factors(shape, samples, mask.factors);
        GuardedTiles y(shape, samples), in_place(shape, samples, x);
        for (int i = 0; i < in.count(); ++i) {
          scale_elements(y.tile(i), in.tile(i), factors.tile(i), tile_size(shape));
          scale_elements(in_place.tile(i), in_place.tile(i), factors.tile(i), tile_size(shape));
        }
        expect_exact("y", expected.values, y.values("y"));
        expect_exact("y in place", expected.values, in_place.values("y in place"));
      });
    }
  }
}

TEST(Scale, OfChannelsEqualsDropout2d) {
  reference::Random random(152);
  for (const ImageSize& image : kAwkwardImages) {
    for (const int samples : kAwkwardSamples) {
      for (const int channels : {1, 3, 10}) {
        const Shape shape{channels, image.height, image.width};
        const Shape one_each{channels, 1, 1};
        const std::vector<float> x =
            random.normals(static_cast<std::size_t>(samples) * shape.size(), 0.0f, 1.0f);
        const Mask mask = random_mask(random, static_cast<std::size_t>(samples) * one_each.size());
        const auto expected =
            reference::dropout2d(exactly<double>(x, samples, channels, image.height, image.width),
                                 mask.kept, kProbability);
        on_every_instruction_set([&] {
          GuardedTiles in(shape, samples, x), factors(one_each, samples, mask.factors);
          GuardedTiles y(shape, samples), in_place(shape, samples, x);
          for (int i = 0; i < in.count(); ++i) {
            scale_channels(y.tile(i), in.tile(i), factors.tile(i), shape);
            scale_channels(in_place.tile(i), in_place.tile(i), factors.tile(i), shape);
          }
          expect_exact("y", expected.values, y.values("y"));
          expect_exact("y in place", expected.values, in_place.values("y in place"));
        });
      }
    }
  }
}

}  // namespace
}  // namespace normlab
