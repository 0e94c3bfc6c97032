// The gradient of a convolution's weights in bf16 (conv2d_bf16.h): for each tap a product of dy,
// [O][pixels and samples], and x, [pixels and samples][C]. Its inner dimension is the samples, of
// which two lie side by side in every pixel; only x has to be turned around, from samples to
// channels.
#include <algorithm>

#include "normlab/kernels/conv2d_bf16.h"
#include "normlab/kernels/conv2d_bf16_layout.h"
#include "normlab/kernels/flush_denormals.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_bf16_weight.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/bf16_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

template <class Unit>
void fill_dy(float* to, const float* dy, int lanes, const Bf16WeightGradient& g) {
  const Shape out = g.shape.output();
  for (int first = 0; first < out.channels; first += kProductRows) {
    const int block = std::min(kProductRows, out.channels - first);
    const auto apart = static_cast<std::size_t>(block) * g.kDyPair;
    for (int m = 0; m < block; ++m) {
      float* pair = to + static_cast<std::size_t>(m) * g.kDyPair;
      for (int i = 0; i < out.height; ++i) {
        for (int j = 0; j < out.width; j += 2, pair += apart, dy += 2 * kLanes) {
          Unit::pair_samples(pair, {dy}, {j + 1 < out.width ? dy + kLanes : nullptr}, lanes);
        }
        if (out.width % 2 == 1) dy -= kLanes;
      }
    }
    to += static_cast<std::size_t>(block) * g.dy_channel();
  }
}

template <class Unit>
void fill_x(float* to, const Conv2dInput& x, int lanes, const Bf16WeightGradient& g) {
  const Shape& image = g.shape.input;
  const auto block = static_cast<std::size_t>(g.block());
  const std::size_t channel = tile_offset(image, 1, 0, 0);
  for (int first = 0; first < image.channels; first += g.block()) {
    for (int row = 0; row < g.x_height(); ++row) {
      for (int column = 0; column < g.x_width(); ++column, to += g.x_pixel()) {
        const int i = row - g.shape.padding;
        const int j = column - g.shape.padding;
        if (i < 0 || i >= image.height || j < 0 || j >= image.width) {
          std::fill(to, to + g.x_pixel(), 0.0f);
          continue;
        }
        const float* const pixel = x.x + tile_offset(image, first, i, j);
        const auto source = [&](std::size_t c) {
          const std::size_t which = static_cast<std::size_t>(first) + c;
          if (which >= static_cast<std::size_t>(image.channels)) return Bf16Source{nullptr};
          return Bf16Source{pixel + c * channel, x.norm ? x.norm + which * 3 * kLanes : nullptr};
        };
        for (std::size_t c = 0; c < block; c += 2) {
          Unit::turn_pixel(to + c, block, source(c), source(c + 1), lanes);
        }
      }
    }
  }
}

// dw of the taps [first, first + count) for outputs [o, o + rows) and a block of channels.
struct TapBlock {
  int o;
  int rows;
  int channel;  // the first
  int first;
  int count;
};

template <class Unit>
void multiply_taps(Unit& unit, float* dw, const float* dy, const float* x, const TapBlock& block,
                   const Bf16WeightGradient& g) {
  const Conv2dShape& shape = g.shape;
  const Shape out = shape.output();
  const int taps = shape.kernel_height * shape.kernel_width;
  const float* corners[kProductSums] = {};
  for (int t = 0; t < block.count; ++t) {
    const int ky = (block.first + t) / shape.kernel_width;
    const int kx = (block.first + t) % shape.kernel_width;
    corners[t] =
        x + static_cast<std::size_t>(ky) * g.x_row() + static_cast<std::size_t>(kx) * g.x_pixel();
  }
  HWY_ALIGN float sums[kProductSums * kProductRows * kLanes];
  with_count(block.count, [&](auto known) HWY_ATTR {
    constexpr int kCount = decltype(known)::value;
    unit.template clear<kCount>();
    const float* left = dy;
    const std::size_t matrix = static_cast<std::size_t>(block.rows) * g.kDyPair;
    for (int i = 0; i < out.height; ++i) {
      const float* rights[kProductSums];
      for (int t = 0; t < kCount; ++t) {
        rights[t] = corners[t] + static_cast<std::size_t>(i) * g.x_row();
      }
      for (int pair = 0; pair < g.dy_pairs(); ++pair, left += matrix) {
        unit.template add<kCount>({left, g.kDyPair}, rights, static_cast<std::size_t>(g.block()));
        for (int t = 0; t < kCount; ++t) rights[t] += 2 * g.x_pixel();
      }
    }
    unit.template take<kCount>(sums);
  });
  const int channels = std::min(g.block(), shape.input.channels - block.channel);
  for (int t = 0; t < block.count; ++t) {
    for (int m = 0; m < block.rows; ++m) {
      const float* const sum = sums + static_cast<std::size_t>(t * block.rows + m) * kLanes;
      for (int c = 0; c < channels; ++c) {
        dw[((block.o + m) * shape.input.channels + block.channel + c) * taps + block.first + t] =
            sum[c];
      }
    }
  }
}

template <class Unit>
void multiply_all_taps(Unit& unit, float* dw, const float* dy, const float* x,
                       const Bf16WeightGradient& g) {
  const Conv2dShape& shape = g.shape;
  const int taps = shape.kernel_height * shape.kernel_width;
  const int groups = (taps + kProductSums - 1) / kProductSums;
  for (int o = 0; o < shape.out_channels; o += kProductRows) {
    const int rows = std::min(kProductRows, shape.out_channels - o);
    unit.begin({rows, g.block(), kProductPairs});
    const float* const its_dy = dy + static_cast<std::size_t>(o) * g.dy_channel();
    const float* its_x = x;
    for (int c = 0; c < shape.input.channels; c += g.block(), its_x += g.x_block()) {
      for (int group = 0; group < groups; ++group) {
        const int tap = taps * group / groups;
        const int next = taps * (group + 1) / groups;
        multiply_taps(unit, dw, its_dy, its_x, {o, rows, c, tap, next - tap}, g);
      }
    }
  }
  unit.end();
}

void conv2d_bf16_backward_weight(float* dw, float* scratch, const float* dy, const Conv2dInput& x,
                                 int lanes, const Conv2dShape& shape) {
  const Bf16WeightGradient g{shape};
  float* const its_dy = scratch + g.x();
  with_unit([&](auto& unit) HWY_ATTR {
    using Unit = std::remove_reference_t<decltype(unit)>;
    fill_x<Unit>(scratch, x, lanes, g);
    fill_dy<Unit>(its_dy, dy, lanes, g);
    multiply_all_taps(unit, dw, its_dy, scratch, g);
  });
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(conv2d_bf16_backward_weight);
}  // namespace

void conv2d_bf16_backward_weight(float* dw, float* scratch, const float* dy, const Conv2dInput& x,
                                 int lanes, const Conv2dShape& shape) {
  const FlushDenormals flush;
  HWY_DYNAMIC_DISPATCH(conv2d_bf16_backward_weight)(dw, scratch, dy, x, lanes, shape);
}

}  // namespace normlab
#endif  // HWY_ONCE
