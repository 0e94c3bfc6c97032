#include "normlab/tensor/tiles.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

namespace normlab {
namespace {

TEST(Tiles, CountTilesAndLanes) {
  EXPECT_EQ(tile_count(0), 0);
  EXPECT_EQ(tile_count(1), 1);
  EXPECT_EQ(tile_count(16), 1);
  EXPECT_EQ(tile_count(17), 2);
  EXPECT_EQ(lanes_used(17, 0), 16);
  EXPECT_EQ(lanes_used(17, 1), 1);
  EXPECT_EQ(lanes_used(16, 1), 0);
}

TEST(Tiles, PutTheSampleInnermost) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(tile_size(shape), 384u);
  EXPECT_EQ(tile_offset(shape, 0, 0, 0, 5), 5u);
  EXPECT_EQ(tile_offset(shape, 0, 0, 1), 16u);
  EXPECT_EQ(tile_offset(shape, 0, 1, 0), 64u);
  EXPECT_EQ(tile_offset(shape, 1, 0, 0), 192u);
  EXPECT_EQ(tile_offset(shape, 1, 2, 3, 15), 383u);
  EXPECT_EQ(to_string(shape), "2x3x4");
}

TEST(Tiles, PackAndUnpackEveryNumber) {
  const Shape shape{2, 3, 1};
  std::vector<float> nchw(17 * shape.size());
  std::iota(nchw.begin(), nchw.end(), 1.0f);
  Tiles tiles(shape, tile_count(17));
  pack_tiles(tiles, nchw, 17);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tiles.tile(0)) % kAlignment, 0u);
  for (int n = 0; n < 17; ++n) {
    for (int c = 0; c < 2; ++c) {
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(tiles.tile(n / 16)[tile_offset(shape, c, i, 0, n % 16)],
                  static_cast<float>(1 + (n * 2 + c) * 3 + i));
      }
    }
  }
  // Lanes without a sample hold zeros.
  for (int lane = 1; lane < kLanes; ++lane) {
    EXPECT_EQ(tiles.tile(1)[tile_offset(shape, 1, 2, 0, lane)], 0.0f);
  }
  std::vector<float> back(nchw.size());
  unpack_tiles(back, tiles, 17);
  EXPECT_EQ(back, nchw);
}

}  // namespace
}  // namespace normlab
