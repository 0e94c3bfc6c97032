#include "normlab/data/tile_loader.h"

#include <fmt/format.h>

#include <array>

#include "normlab/base/error.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

TileLoader::TileLoader(const Dataset& data, const PixelScale& scale) : data_(data) {
  const auto channels = static_cast<std::size_t>(data.shape.channels);
  if (scale.mean.size() != channels || scale.std.size() != channels) {
    throw UsageError(fmt::format(
        "data.mean and data.std need one number for each of the {} channels of {}; they have {} "
        "and {}",
        channels, data.name, scale.mean.size(), scale.std.size()));
  }
  table_.resize(channels * 256);
  for (std::size_t c = 0; c < channels; ++c) {
    if (!(scale.std[c] > 0)) {
      throw UsageError(fmt::format("data.std must be positive, not {}", scale.std[c]));
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
      table_[c * 256 + byte] = (static_cast<float>(byte) / 255.0f - scale.mean[c]) / scale.std[c];
    }
  }
}

void TileLoader::load(float* x, std::span<const std::uint32_t> ids) const {
  std::array<const std::uint8_t*, kLanes> images;
  for (std::size_t lane = 0; lane < ids.size(); ++lane) {
    images[lane] = data_.image(static_cast<int>(ids[lane]));
  }
  write(x, std::span(images).first(ids.size()));
}

void TileLoader::load_augmented(float* x, std::span<const std::uint32_t> ids,
                                const AugmentOptions& options, std::uint64_t seed,
                                std::uint32_t epoch) const {
  const std::size_t size = data_.shape.size();
  std::vector<std::uint8_t> augmented(ids.size() * size);
  std::array<const std::uint8_t*, kLanes> images;
  for (std::size_t lane = 0; lane < ids.size(); ++lane) {
    RandomStream random(seed, Purpose::kAugmentation, epoch, ids[lane]);
    const std::span<std::uint8_t> image = std::span(augmented).subspan(lane * size, size);
    augment(image, std::span(data_.image(static_cast<int>(ids[lane])), size), data_.shape,
            draw_augmentation(options, random), options.fill);
    images[lane] = image.data();
  }
  write(x, std::span(images).first(ids.size()));
}

void TileLoader::write(float* x, std::span<const std::uint8_t* const> images) const {
  const auto pixels = static_cast<std::size_t>(data_.shape.pixels());
  for (std::size_t c = 0; c < static_cast<std::size_t>(data_.shape.channels); ++c) {
    const float* const table = table_.data() + c * 256;
    for (std::size_t pixel = c * pixels; pixel < (c + 1) * pixels; ++pixel) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        *x++ = lane < images.size() ? table[images[lane][pixel]] : 0.0f;
      }
    }
  }
}

}  // namespace normlab
