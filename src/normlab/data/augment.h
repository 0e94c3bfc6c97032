// The recipe's augmentation of an image of bytes: brightness and contrast in random order, then a
// rotation, a change of size and a shift in one, each as torchvision 0.14 does it on a PIL image,
// to the byte.
#pragma once

#include <cstdint>
#include <span>

#include "normlab/base/random.h"
#include "normlab/tensor/shape.h"

namespace normlab {

struct AugmentOptions {
  bool enabled = true;
  float brightness = 0.1f;        // factor from U(1 - brightness, 1 + brightness), at least 0
  float contrast = 0.1f;          // factor from U(1 - contrast, 1 + contrast), at least 0
  float rotation_degrees = 7.0f;  // angle from U(-rotation, +rotation), counter-clockwise
  float shift = 0.0f;             // pixels across and down, each from U(-shift, +shift), rounded
  float scale = 0.0f;             // size multiplied by U(1 - scale, 1 + scale)
  std::uint8_t fill = 1;          // value of pixels that come from outside the image
};

// What was drawn for one image.
struct Augmentation {
  float brightness = 1.0f;
  float contrast = 1.0f;
  float angle_degrees = 0.0f;
  int shift_x = 0;     // to the right
  int shift_y = 0;     // down
  float scale = 1.0f;  // above 0
  bool contrast_first = false;
};

// Draws from the stream (seed, kAugmentation, epoch, sample), whatever the thread. Always takes the
// same seven numbers from it; options that are not enabled give the identity.
Augmentation draw_augmentation(const AugmentOptions& options, RandomStream& random);

// `to` is assigned, `from` and `to` are [C][H][W] and must not overlap. All channels are brightened
// and moved alike; contrast blends with the mean of the image, of a colour image (3 channels)
// with the mean of its luma as PIL computes it, else with the mean over all channels.
void augment(std::span<std::uint8_t> to, std::span<const std::uint8_t> from, const Shape& shape,
             const Augmentation& augmentation, std::uint8_t fill);

}  // namespace normlab
