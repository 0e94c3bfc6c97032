#include "normlab/train/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace normlab {
namespace {

TEST(ShuffledOrder, IsAPermutation) {
  for (const int count : {0, 1, 2, 17, 1000}) {
    std::vector<std::uint32_t> order = shuffled_order(count, 3, 1);
    ASSERT_EQ(order.size(), static_cast<std::size_t>(count));
    std::ranges::sort(order);
    std::vector<std::uint32_t> expected(order.size());
    std::iota(expected.begin(), expected.end(), 0u);
    EXPECT_EQ(order, expected);
  }
}

TEST(ShuffledOrder, DependsOnSeedAndEpochOnly) {
  const std::vector<std::uint32_t> order = shuffled_order(1000, 3, 1);
  EXPECT_EQ(order, shuffled_order(1000, 3, 1));
  EXPECT_NE(order, shuffled_order(1000, 4, 1));
  EXPECT_NE(order, shuffled_order(1000, 3, 2));
  EXPECT_NE(order, shuffled_order(1000, 3 + (1ull << 32), 1));
}

TEST(ShuffledOrder, AllOrdersAreEquallyLikely) {
  std::map<std::vector<std::uint32_t>, int> counts;
  constexpr int kDraws = 24000;
  for (int seed = 0; seed < kDraws; ++seed) {
    ++counts[shuffled_order(4, static_cast<std::uint64_t>(seed), 1)];
  }
  ASSERT_EQ(counts.size(), 24u);
  // Standard deviation of one count: sqrt(24000 * 1/24 * 23/24) = 31; five of them.
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, kDraws / 24, 155);
}

}  // namespace
}  // namespace normlab
