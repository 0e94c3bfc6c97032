#include "normlab/tensor/tiles.h"

#include <string>

namespace normlab {

std::string to_string(const Shape& shape) {
  return std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" +
         std::to_string(shape.width);
}

void pack_tiles(Tiles& tiles, std::span<const float> nchw, int samples) {
  const std::size_t size = tiles.shape().size();
  for (int tile = 0; tile < tiles.count(); ++tile) {
    float* to = tiles.tile(tile);
    const int used = lanes_used(samples, tile);
    for (int lane = 0; lane < kLanes; ++lane) {
      const std::size_t sample = static_cast<std::size_t>(tile * kLanes + lane);
      for (std::size_t i = 0; i < size; ++i) {
        to[i * kLanes + static_cast<std::size_t>(lane)] =
            lane < used ? nchw[sample * size + i] : 0.0f;
      }
    }
  }
}

void unpack_tiles(std::span<float> nchw, const Tiles& tiles, int samples) {
  const std::size_t size = tiles.shape().size();
  for (int sample = 0; sample < samples; ++sample) {
    const float* from = tiles.tile(sample / kLanes) + sample % kLanes;
    for (std::size_t i = 0; i < size; ++i) {
      nchw[static_cast<std::size_t>(sample) * size + i] = from[i * kLanes];
    }
  }
}

}  // namespace normlab
