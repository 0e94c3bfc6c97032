#include "normlab/base/random.h"

#include <gtest/gtest.h>

#include <map>

namespace normlab {
namespace {

TEST(RandomStream, DependsOnEveryCounterAndOnNothingElse) {
  const auto first = [](std::uint64_t seed, Purpose purpose, std::uint32_t epoch,
                        std::uint32_t sample) {
    return RandomStream(seed, purpose, epoch, sample).bits();
  };
  const std::uint32_t reference = first(1, Purpose::kOrder, 2, 3);
  EXPECT_EQ(reference, first(1, Purpose::kOrder, 2, 3));
  EXPECT_NE(reference, first(2, Purpose::kOrder, 2, 3));
  EXPECT_NE(reference, first(1ull << 32 | 1, Purpose::kOrder, 2, 3));
  EXPECT_NE(reference, first(1, Purpose::kDropout, 2, 3));
  EXPECT_NE(reference, first(1, Purpose::kOrder, 3, 3));
  EXPECT_NE(reference, first(1, Purpose::kOrder, 2, 4));
  EXPECT_NE(reference, RandomStream(1, Purpose::kOrder, 2, 3, 1).bits());
}

TEST(RandomStream, IsPhilox4x32) {
  // Known answer of Random123's kat_vectors: philox4x32-10 with counter and key all zero begins
  // 6627e8d5 e169c58d. Purpose 0 is not in the enumeration, so the counter is all zero only here.
  RandomStream stream(0, static_cast<Purpose>(0), 0, 0);
  EXPECT_EQ(stream.bits(), 0x6627e8d5u);
  EXPECT_EQ(stream.bits(), 0xe169c58du);
}

TEST(RandomStream, BelowIsUniform) {
  RandomStream stream(7, Purpose::kOrder, 0, 0);
  std::map<std::uint32_t, int> counts;
  constexpr int kDraws = 60000;
  for (int i = 0; i < kDraws; ++i) ++counts[stream.below(6)];
  ASSERT_EQ(counts.size(), 6u);
  // Standard deviation of one count: sqrt(60000 * 1/6 * 5/6) = 91; five of them.
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, kDraws / 6, 456) << value;
}

TEST(RandomStream, UniformStaysInItsInterval) {
  RandomStream stream(7, Purpose::kAugmentation, 0, 0);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const float value = stream.uniform(-7.0f, 7.0f);
    ASSERT_GE(value, -7.0f);
    ASSERT_LT(value, 7.0f);
    sum += value;
  }
  // Standard deviation of the mean: 14 / sqrt(12) / 100 = 0.04; five of them.
  EXPECT_NEAR(sum / 10000, 0.0, 0.2);
}

}  // namespace
}  // namespace normlab
