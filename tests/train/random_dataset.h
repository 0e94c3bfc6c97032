// Small data sets of random bytes, and what a network is to see of them.
#pragma once

#include <string>

#include "nn/reference_network.h"
#include "normlab/data/dataset.h"
#include "normlab/data/tile_loader.h"
#include "reference/random.h"

namespace normlab {

inline Dataset random_dataset(reference::Random& random, const std::string& split,
                              const Shape& shape, int classes, int samples) {
  Dataset data;
  data.name = "random";
  data.split = split;
  data.shape = shape;
  data.classes = classes;
  for (int n = 0; n < samples; ++n) {
    data.labels.push_back(static_cast<std::uint8_t>(random.integer(0, classes - 1)));
    for (std::size_t i = 0; i < shape.size(); ++i) {
      data.images.push_back(static_cast<std::uint8_t>(random.integer(0, 255)));
    }
  }
  return data;
}

// The images of these positions, as numbers in double.
inline ReferenceBatch reference_batch(const Dataset& data, const PixelScale& scale,
                                      std::span<const std::uint32_t> ids) {
  ReferenceBatch batch;
  batch.x = reference::Array4<double>(static_cast<int>(ids.size()), data.shape.channels,
                                      data.shape.height, data.shape.width);
  for (int n = 0; n < batch.x.n; ++n) {
    const std::uint32_t id = ids[static_cast<std::size_t>(n)];
    const std::uint8_t* byte = data.image(static_cast<int>(id));
    for (int c = 0; c < batch.x.c; ++c) {
      const auto channel = static_cast<std::size_t>(c);
      const double mean = static_cast<double>(scale.mean[channel]);
      const double std = static_cast<double>(scale.std[channel]);
      for (int i = 0; i < batch.x.h; ++i) {
        for (int j = 0; j < batch.x.w; ++j) batch.x(n, c, i, j) = (*byte++ / 255.0 - mean) / std;
      }
    }
    batch.labels.push_back(data.labels[id]);
    batch.sample_ids.push_back(id);
  }
  return batch;
}

}  // namespace normlab
