#include "normlab/kernels/dropout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/guarded.h"
#include "kernels/instruction_sets.h"
#include "reference/compare.h"
#include "reference/random.h"

namespace normlab {
namespace {

// The numbers of the paper's generator as Random123 computes them, a stream for each sample.
TEST(Dropout, DrawsWhatTheSamplesStreamsDraw) {
  reference::Random random(196);
  for (const float probability : {0.01f, 0.3f, 0.5f, 1 - 0x1p-24f, 0x1p-24f, 1e-9f, 0.0f}) {
    for (const std::size_t count : {1u, 3u, 4u, 24u, 1001u}) {
      for (const std::size_t lanes : {1u, 7u, 16u}) {
        const auto seed = static_cast<std::uint64_t>(random.integer(1, 1 << 30)) << 20;
        const auto epoch = static_cast<std::uint32_t>(random.integer(1, 100));
        const auto layer = static_cast<std::uint32_t>(random.integer(1, 100));
        std::vector<std::uint32_t> samples;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          samples.push_back(static_cast<std::uint32_t>(random.integer(0, 1 << 30)) * 4u + 3u);
        }
        const float keep = 1 / (1 - probability);
        std::vector<float> expected(count * kLanes, keep);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          RandomStream stream(seed, Purpose::kDropout, epoch, samples[lane], layer);
          for (std::size_t i = 0; i < count; ++i) {
            if (stream.uniform() < probability) expected[i * kLanes + lane] = 0;
          }
        }
        SCOPED_TRACE(std::to_string(probability) + ", " + std::to_string(count) + " numbers of " +
                     std::to_string(lanes) + " samples");
        on_every_instruction_set([&] {
          GuardedFloats factors(count * kLanes);
          dropout_factors(
              factors.data(), count,
              {probability, RandomOrigin(seed, Purpose::kDropout, epoch, 0, layer), samples});
          expect_same_bits("factors", expected, factors.values());
          factors.expect_intact("factors");
        });
      }
    }
  }
}

// A number that is the probability is kept, one that is the float before it is not.
TEST(Dropout, ComparesToTheLastBit) {
  reference::Random random(197);
  for (int turn = 0; turn < 20; ++turn) {
    const auto seed = static_cast<std::uint64_t>(random.integer(1, 1 << 30));
    const std::uint32_t sample = 5;
    const float drawn = RandomStream(seed, Purpose::kDropout, 1, sample).uniform();
    if (drawn == 0) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto is_dropped = [&](float probability) {
      GuardedFloats factor(kLanes);
      dropout_factors(
          factor.data(), 1,
          {probability, RandomOrigin(seed, Purpose::kDropout, 1, 0), std::span(&sample, 1)});
      return factor.data()[0] == 0.0f;
    };
    on_every_instruction_set([&] {
      EXPECT_FALSE(is_dropped(drawn));
      EXPECT_TRUE(is_dropped(std::nextafter(drawn, 1.0f)));
    });
  }
}

}  // namespace
}  // namespace normlab
