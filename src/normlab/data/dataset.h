// Labelled images in memory, as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "normlab/tensor/shape.h"

namespace normlab {

struct Dataset {
  std::string name;   // "mnist"
  std::string split;  // "train" or "test"
  Shape shape;        // of one image
  int classes = 10;   // labels lie in [0, classes)
  std::vector<std::string> class_names;
  std::vector<std::uint8_t> images;  // [N][C][H][W]
  std::vector<std::uint8_t> labels;  // [N]
  std::string images_sha256;         // of the decompressed IDX files they came from; may be empty
  std::string labels_sha256;

  int size() const { return static_cast<int>(labels.size()); }
  const std::uint8_t* image(int index) const {
    return images.data() + static_cast<std::size_t>(index) * shape.size();
  }
};

}  // namespace normlab
