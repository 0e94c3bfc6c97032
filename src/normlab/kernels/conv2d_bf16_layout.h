// Where the numbers of a convolution in bf16 lie (conv2d_bf16.h).
#pragma once

#include <cstddef>

#include "normlab/kernels/conv2d.h"

namespace normlab {

inline constexpr int kProductRows = 16;   // and columns of a sum, at most
inline constexpr int kProductPairs = 16;  // of one product, at most

// One direction, forward or to the gradient of the input, as a correlation of an image of pairs of
// channels, [height][width][pairs][16], with kernels of [KH][KW][pairs].
struct Bf16Correlation {
  Shape source;
  Shape out;
  int kernel_height;
  int kernel_width;
  int first_row;  // of the source in the image; may lie outside
  int first_column;

  static Bf16Correlation forward(const Conv2dShape& shape) {
    return {shape.input,        shape.output(), shape.kernel_height,
            shape.kernel_width, shape.padding,  shape.padding};
  }
  static Bf16Correlation backward_input(const Conv2dShape& shape) {
    return {shape.output(),
            shape.input,
            shape.kernel_height,
            shape.kernel_width,
            shape.kernel_height - 1 - shape.padding,
            shape.kernel_width - 1 - shape.padding};
  }

  int height() const { return out.height - 1 + kernel_height; }
  int width() const { return out.width - 1 + kernel_width; }
  // Of channels. From 32 channels on a multiple of eight, so that chunks can be of that size.
  int pairs() const {
    const int least = (source.channels + 1) / 2;
    return least <= 16 ? least : (least + 7) / 8 * 8;
  }
  // Pairs of a row of the kernel that are multiplied at once: as many as divide it.
  int chunk() const {
    int chunk = kProductPairs;
    while (kernel_width * pairs() % chunk != 0) --chunk;
    return chunk;
  }
  int chunks() const { return kernel_width * pairs() / chunk(); }

  std::size_t pixel() const { return static_cast<std::size_t>(pairs()) * kLanes; }
  std::size_t image() const {
    return static_cast<std::size_t>(height()) * static_cast<std::size_t>(width()) * pixel();
  }
  // The weights of an output channel.
  std::size_t packed_row() const {
    return static_cast<std::size_t>(kernel_height) * static_cast<std::size_t>(kernel_width) *
           static_cast<std::size_t>(pairs());
  }
  std::size_t packed() const { return static_cast<std::size_t>(out.channels) * packed_row(); }
};

// What is done to a sum before it is stored.
struct Bf16Ends {
  const float* bias = nullptr;
  bool relu = false;
  const float* relu_output = nullptr;
};

// The gradient of the weights: for each tap, products of dy, [blocks of outputs][OH][pixels / 2]
// [block][2 pixels][8 pairs of samples], with x, [blocks of channels][rows][columns][8 pairs of
// samples][block].
struct Bf16WeightGradient {
  Conv2dShape shape;

  int blocks() const { return (shape.input.channels + kProductRows - 1) / kProductRows; }
  // Channels of x side by side, an even number.
  int block() const {
    return shape.input.channels >= kProductRows ? kProductRows : (shape.input.channels + 1) / 2 * 2;
  }
  int dy_pairs() const { return (shape.output().width + 1) / 2; }
  int x_height() const { return shape.output().height - 1 + shape.kernel_height; }
  int x_width() const { return 2 * dy_pairs() + shape.kernel_width - 1; }

  // Of a pair of pixels of one output channel, and of one of all of them.
  static constexpr std::size_t kDyPair = kLanes;
  std::size_t dy_channel() const {
    return kDyPair * static_cast<std::size_t>(dy_pairs()) *
           static_cast<std::size_t>(shape.output().height);
  }
  std::size_t dy() const { return dy_channel() * static_cast<std::size_t>(shape.out_channels); }
  std::size_t x_pixel() const { return kLanes / 2 * static_cast<std::size_t>(block()); }
  std::size_t x_row() const { return x_pixel() * static_cast<std::size_t>(x_width()); }
  std::size_t x_block() const { return x_row() * static_cast<std::size_t>(x_height()); }
  std::size_t x() const { return x_block() * static_cast<std::size_t>(blocks()); }
};

}  // namespace normlab
