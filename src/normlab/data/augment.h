// The recipe's augmentation of a grey image of bytes: brightness and contrast in random order, then
// a rotation, each as torchvision 0.14 does it on a PIL image, to the byte.
#pragma once

#include <cstdint>
#include <span>

#include "normlab/base/random.h"
#include "normlab/tensor/shape.h"

namespace normlab {

struct AugmentOptions {
  bool enabled = true;
  float brightness = 0.1f;        // factor from U(1 - brightness, 1 + brightness)
  float contrast = 0.1f;          // factor from U(1 - contrast, 1 + contrast)
  float rotation_degrees = 7.0f;  // angle from U(-rotation, +rotation), counter-clockwise
  std::uint8_t fill = 1;          // value of pixels that come from outside the image
};

// What was drawn for one image.
struct Augmentation {
  float brightness = 1.0f;
  float contrast = 1.0f;
  float angle_degrees = 0.0f;
  bool contrast_first = false;
};

// Draws from the stream (seed, kAugmentation, epoch, sample), whatever the thread.
Augmentation draw_augmentation(const AugmentOptions& options, RandomStream& random);

// `to` is assigned, `from` and `to` are [C][H][W] and must not overlap. Channels other than one are
// rotated and brightened alike; contrast blends with the mean of the image.
void augment(std::span<std::uint8_t> to, std::span<const std::uint8_t> from, const Shape& shape,
             const Augmentation& augmentation, std::uint8_t fill);

}  // namespace normlab
