// Memory for the outputs and inputs of kernels under test.
#pragma once

#include <span>
#include <vector>

#include "normlab/base/buffer.h"
#include "normlab/tensor/shape.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

// Floats that are NaN until they are written, with a guard zone of marked NaNs on either side: a
// write outside fails the test when the guards are checked, a read from outside spoils the result.
class GuardedFloats {
 public:
  explicit GuardedFloats(std::size_t count);
  explicit GuardedFloats(std::span<const float> values);

  float* data() { return memory_.data() + kGuard; }
  const float* data() const { return memory_.data() + kGuard; }
  std::size_t size() const { return memory_.size() - 2 * kGuard; }
  std::vector<float> values() const { return {data(), data() + size()}; }

  // Fails the test if something was written outside.
  void expect_intact(const char* name) const;

 private:
  static constexpr std::size_t kGuard = 128;  // a multiple of the alignment

  FloatBuffer memory_;
};

// A batch cut into tiles, each in guarded memory. Lanes without a sample hold NaN.
class GuardedTiles {
 public:
  // All NaN: for an output.
  GuardedTiles(const Shape& shape, int samples);
  // From values in the order [N][C][H][W].
  GuardedTiles(const Shape& shape, int samples, std::span<const float> values);

  int count() const { return static_cast<int>(tiles_.size()); }
  int lanes(int tile) const { return lanes_used(samples_, tile); }
  float* tile(int index) { return tiles_[static_cast<std::size_t>(index)].data(); }

  // Back in the order [N][C][H][W], after a look at the guards.
  std::vector<float> values(const char* name) const;

 private:
  Shape shape_;
  int samples_;
  std::vector<GuardedFloats> tiles_;
};

}  // namespace normlab
