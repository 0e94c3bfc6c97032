#include "normlab/base/random.h"

#include <Random123/philox.h>

namespace normlab {

RandomOrigin::RandomOrigin(std::uint64_t seed, Purpose purpose, std::uint32_t epoch,
                           std::uint32_t sample, std::uint32_t layer)
    : counter{0, static_cast<std::uint32_t>(purpose) | layer << 8, epoch, sample},
      key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

std::uint32_t RandomStream::bits() {
  if (used_ == 4) {
    std::array<std::uint32_t, 4>& from = origin_.counter;
    const r123::Philox4x32::ctr_type counter = {{from[0], from[1], from[2], from[3]}};
    const r123::Philox4x32::key_type key = {{origin_.key[0], origin_.key[1]}};
    const auto block = r123::Philox4x32()(counter, key);
    for (int i = 0; i < 4; ++i) block_[static_cast<std::size_t>(i)] = block.v[i];
    ++from[0];
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

float RandomStream::uniform() { return static_cast<float>(bits() >> 8) * 0x1p-24f; }

float RandomStream::uniform(float low, float high) { return low + (high - low) * uniform(); }

std::uint32_t RandomStream::below(std::uint32_t bound) {
  // Lemire, "Fast random integer generation in an interval" (2019): the high half of bits * bound,
  // redrawn in the few cases that would favour some values.
  const std::uint32_t threshold = (0u - bound) % bound;
  for (;;) {
    const std::uint64_t product = static_cast<std::uint64_t>(bits()) * bound;
    if (static_cast<std::uint32_t>(product) >= threshold) {
      return static_cast<std::uint32_t>(product >> 32);
    }
  }
}

}  // namespace normlab
