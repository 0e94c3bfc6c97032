// Convolutions at which kernels go wrong if they go wrong.
#pragma once

#include <cstddef>

#include "kernels/awkward_sizes.h"
#include "normlab/kernels/conv2d.h"

namespace normlab {

struct KernelSize {
  int height;
  int width;
};
inline constexpr KernelSize kAwkwardKernels[] = {{1, 1}, {3, 3}, {5, 5}, {2, 3}};

// Every image, kernel, stride and padding that fit together; batch size, channels and bias take
// turns through all their combinations, past those that would take long.
template <class Visit>
void for_each_awkward_conv2d(const Visit& visit) {
  constexpr int kTurns = 5 * 5 * 5 * 2;
  constexpr std::size_t kMostProducts = 1'000'000;
  int turn = 0;
  for (const ImageSize& image : kAwkwardImages) {
    for (const KernelSize& kernel : kAwkwardKernels) {
      for (const int stride : {1, 2, 3}) {
        for (const int padding : {0, 1, 2}) {
          if (image.height + 2 * padding < kernel.height) continue;
          if (image.width + 2 * padding < kernel.width) continue;
          for (;;) {
            turn = (turn + 37) % kTurns;  // 37 and 250 have no common divisor
            const int samples = kAwkwardSamples[turn % 5];
            const Conv2dShape shape{{kAwkwardChannels[turn / 5 % 5], image.height, image.width},
                                    kAwkwardChannels[turn / 25 % 5],
                                    kernel.height,
                                    kernel.width,
                                    stride,
                                    padding};
            const std::size_t products = static_cast<std::size_t>(samples) * shape.weights() *
                                         static_cast<std::size_t>(shape.output().pixels());
            if (products > kMostProducts) continue;
            visit(shape, samples, turn / 125 == 1);
            break;
          }
        }
      }
    }
  }
}

}  // namespace normlab
