// From images of bytes to the tiles that a network reads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "normlab/data/augment.h"
#include "normlab/data/dataset.h"

namespace normlab {

// Pixels become (x / 255 - mean[channel]) / std[channel].
struct PixelScale {
  std::vector<float> mean;
  std::vector<float> std;
};

class TileLoader {
 public:
  // Refers to `data`, which must stay where it is. Throws UsageError if mean and std are not one
  // number per channel, or a std is not positive.
  TileLoader(const Dataset& data, const PixelScale& scale);

  // Writes up to 16 images, given by their positions in the data set, into x [C][H][W][16]; the
  // other lanes become 0. May be called from many threads.
  void load(float* x, std::span<const std::uint32_t> ids) const;

  // Likewise, each image augmented as drawn from (seed, epoch, its position).
  void load_augmented(float* x, std::span<const std::uint32_t> ids, const AugmentOptions& options,
                      std::uint64_t seed, std::uint32_t epoch) const;

 private:
  void write(float* x, std::span<const std::uint8_t* const> images) const;

  const Dataset& data_;
  std::vector<float> table_;  // [C][256]: what each byte becomes
};

}  // namespace normlab
