#include "kernels/guarded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

namespace normlab {
namespace {

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();
constexpr std::uint32_t kGuardBits = 0x7fc0beef;  // a quiet NaN that no arithmetic makes

}  // namespace

GuardedFloats::GuardedFloats(std::size_t count) : memory_(count + 2 * kGuard, kPoison) {
  const float guard = std::bit_cast<float>(kGuardBits);
  std::fill_n(memory_.begin(), kGuard, guard);
  std::fill_n(memory_.end() - kGuard, kGuard, guard);
}

GuardedFloats::GuardedFloats(std::span<const float> values) : GuardedFloats(values.size()) {
  std::ranges::copy(values, data());
}

void GuardedFloats::expect_intact(const char* name) const {
  const auto written = [](float value) {
    return std::bit_cast<std::uint32_t>(value) != kGuardBits;
  };
  EXPECT_EQ(std::count_if(memory_.begin(), memory_.begin() + kGuard, written), 0)
      << name << " was written before its first number";
  EXPECT_EQ(std::count_if(memory_.end() - kGuard, memory_.end(), written), 0)
      << name << " was written behind its last number";
}

GuardedTiles::GuardedTiles(const Shape& shape, int samples)
    : shape_(shape),
      samples_(samples),
      tiles_(static_cast<std::size_t>(tile_count(samples)), GuardedFloats(tile_size(shape))) {}

GuardedTiles::GuardedTiles(const Shape& shape, int samples, std::span<const float> values)
    : GuardedTiles(shape, samples) {
  for (int n = 0; n < samples; ++n) {
    const std::span<const float> sample =
        values.subspan(static_cast<std::size_t>(n) * shape.size(), shape.size());
    float* const lane = tile(n / kLanes) + n % kLanes;
    for (std::size_t i = 0; i < sample.size(); ++i) lane[i * kLanes] = sample[i];
  }
}

std::vector<float> GuardedTiles::values(const char* name) const {
  for (const GuardedFloats& tile : tiles_) tile.expect_intact(name);
  std::vector<float> result;
  for (int n = 0; n < samples_; ++n) {
    const float* const lane = tiles_[static_cast<std::size_t>(n / kLanes)].data() + n % kLanes;
    for (std::size_t i = 0; i < shape_.size(); ++i) result.push_back(lane[i * kLanes]);
  }
  return result;
}

}  // namespace normlab
