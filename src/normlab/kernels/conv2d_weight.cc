// The gradients of a convolution's weights and bias.
//
//   dw[o][c][ky][kx] = sum over lanes, i, j of dy[o][i][j] * x[c][i*s + ky - p][j*s + kx - p]
//
// Each weight has 16 sums, one per lane, over the pixels in row order; the lanes are added at the
// end. Several output channels by several taps, (c, ky, kx) counted through, share registers.
#include <algorithm>

#include "normlab/kernels/conv2d.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_weight.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

inline constexpr int kOutputs = kManyRegisters ? 8 : 4;  // output channels in registers
inline constexpr int kTaps = 3;                          // taps in registers
inline constexpr int kGroup = 24;  // taps whose sums wait in the first-level cache together

// Where a tap reads: x[channel] moved by (row, column) against the outputs.
struct Tap {
  int channel;
  int row;
  int column;
};

// Outputs [first, end) along one axis for which `stride * i + shift` lies in [0, extent).
struct Range {
  int first;
  int end;
};

HWY_INLINE Range outputs_inside(int extent, int outputs, int stride, int shift) {
  const int first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const int reach = extent - 1 - shift;  // largest stride * i
  const int end = reach < 0 ? 0 : std::min(outputs, reach / stride + 1);
  return {std::min(first, end), end};
}

struct WeightGradient {
  explicit WeightGradient(const Conv2dShape& conv)
      : shape(conv),
        out(conv.output()),
        x_row(static_cast<std::size_t>(conv.input.width) * kLanes),
        x_channel(static_cast<std::size_t>(conv.input.pixels()) * kLanes),
        y_row(static_cast<std::size_t>(out.width) * kLanes),
        y_channel(static_cast<std::size_t>(out.pixels()) * kLanes) {}

  Tap tap(int index) const {
    const int area = shape.kernel_height * shape.kernel_width;
    return {index / area, index % area / shape.kernel_width - shape.padding,
            index % shape.kernel_width - shape.padding};
  }
  Range rows(const Tap& tap) const {
    return outputs_inside(shape.input.height, out.height, shape.stride, tap.row);
  }
  Range columns(const Tap& tap) const {
    return outputs_inside(shape.input.width, out.width, shape.stride, tap.column);
  }
  // What tap reads for output (i, 0).
  const float* source(const float* x, const Tap& tap, int i) const {
    return x + static_cast<std::size_t>(tap.channel) * x_channel +
           static_cast<std::ptrdiff_t>(i * shape.stride + tap.row) *
               static_cast<std::ptrdiff_t>(x_row) +
           static_cast<std::ptrdiff_t>(tap.column) * kLanes;
  }

  Conv2dShape shape;
  Shape out;
  std::size_t x_row;
  std::size_t x_channel;
  std::size_t y_row;
  std::size_t y_channel;
};

// sums[t][o][lane] += dy[o][j][lane] * x[t][j * stride][lane] for outputs j of several rows:
// kO channels of dy by kT taps. The sums of a tap stand kOutputs vectors apart.
struct Strip {
  const float* dy;        // channel 0, row `first`, column 0
  const float* x[kTaps];  // likewise, where each tap reads
  int rows;
  Range columns;
};

template <int kO, int kT>
HWY_INLINE void add_strip(float* sums, const Strip& strip, const WeightGradient& gradient) {
  const std::size_t x_step = static_cast<std::size_t>(gradient.shape.stride) * kLanes;
  const std::size_t x_row = static_cast<std::size_t>(gradient.shape.stride) * gradient.x_row;
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    Vector sum[kT][kO];
    HWY_UNROLL(3)
    for (int t = 0; t < kT; ++t) {
      HWY_UNROLL(8)
      for (int o = 0; o < kO; ++o) sum[t][o] = load(sums + (t * kOutputs + o) * kLanes + piece);
    }
    for (int row = 0; row < strip.rows; ++row) {
      const float* dy = strip.dy + static_cast<std::size_t>(row) * gradient.y_row + piece;
      const std::size_t moved = static_cast<std::size_t>(row) * x_row + piece;
      for (int j = strip.columns.first; j < strip.columns.end; ++j) {
        const std::size_t at = moved + static_cast<std::size_t>(j) * x_step;
        Vector value[kT];
        HWY_UNROLL(3)
        for (int t = 0; t < kT; ++t) value[t] = load(strip.x[t] + at);
        HWY_UNROLL(8)
        for (int o = 0; o < kO; ++o) {
          const Vector upstream = load(dy + static_cast<std::size_t>(j) * kLanes +
                                       static_cast<std::size_t>(o) * gradient.y_channel);
          HWY_UNROLL(3)
          for (int t = 0; t < kT; ++t) sum[t][o] = hn::MulAdd(upstream, value[t], sum[t][o]);
        }
      }
    }
    HWY_UNROLL(3)
    for (int t = 0; t < kT; ++t) {
      HWY_UNROLL(8)
      for (int o = 0; o < kO; ++o) store(sum[t][o], sums + (t * kOutputs + o) * kLanes + piece);
    }
  }
}

template <int kO>
HWY_INLINE void add_strips(float* sums, const Strip& strip, int taps,
                           const WeightGradient& gradient) {
  if (taps == 3) return add_strip<kO, 3>(sums, strip, gradient);
  if (taps == 2) return add_strip<kO, 2>(sums, strip, gradient);
  add_strip<kO, 1>(sums, strip, gradient);
}

// Adds output rows [first, end) for taps [tap, tap + taps). Where padding cuts a tap short, the
// taps go one by one, and every sum still takes its pixels in row order.
template <int kO>
HWY_INLINE void add_rows(float* sums, const float* dy, const float* x, int tap, int taps,
                         Range rows, const WeightGradient& gradient) {
  Tap which[kTaps];
  bool whole = true;
  for (int t = 0; t < taps; ++t) {
    which[t] = gradient.tap(tap + t);
    const Range inside_rows = gradient.rows(which[t]);
    const Range inside_columns = gradient.columns(which[t]);
    whole = whole && inside_rows.first <= rows.first && rows.end <= inside_rows.end &&
            inside_columns.first == 0 && inside_columns.end == gradient.out.width;
  }
  if (whole) {
    Strip strip{dy + static_cast<std::size_t>(rows.first) * gradient.y_row,
                {},
                rows.end - rows.first,
                {0, gradient.out.width}};
    for (int t = 0; t < taps; ++t) strip.x[t] = gradient.source(x, which[t], rows.first);
    return add_strips<kO>(sums, strip, taps, gradient);
  }
  for (int i = rows.first; i < rows.end; ++i) {
    const float* const dy_row = dy + static_cast<std::size_t>(i) * gradient.y_row;
    // Columns that all taps share; before and after them each tap has its own.
    Range shared{0, gradient.out.width};
    bool all = true;
    for (int t = 0; t < taps; ++t) {
      const Range inside = gradient.columns(which[t]);
      shared = {std::max(shared.first, inside.first), std::min(shared.end, inside.end)};
      const Range inside_rows = gradient.rows(which[t]);
      all = all && inside_rows.first <= i && i < inside_rows.end;
    }
    if (!all || shared.first >= shared.end) shared = {gradient.out.width, gradient.out.width};
    const auto one_by_one = [&](Range part) HWY_ATTR {
      for (int t = 0; t < taps; ++t) {
        const Range inside_rows = gradient.rows(which[t]);
        if (i < inside_rows.first || inside_rows.end <= i) continue;
        const Range inside = gradient.columns(which[t]);
        const Range columns{std::max(part.first, inside.first), std::min(part.end, inside.end)};
        if (columns.first >= columns.end) continue;
        const Strip strip{dy_row, {gradient.source(x, which[t], i)}, 1, columns};
        add_strip<kO, 1>(sums + t * kOutputs * kLanes, strip, gradient);
      }
    };
    one_by_one({0, shared.first});
    if (shared.first < shared.end) {
      Strip strip{dy_row, {}, 1, shared};
      for (int t = 0; t < taps; ++t) strip.x[t] = gradient.source(x, which[t], i);
      add_strips<kO>(sums, strip, taps, gradient);
      one_by_one({shared.end, gradient.out.width});
    }
  }
}

template <int kO>
void weight_gradient(float* dw, const float* dy, const float* x, int lanes,
                     const WeightGradient& gradient) {
  const int all_taps = gradient.shape.fan_in();
  // A band of rows of kO channels of dy that stays in the first-level cache beside the sums.
  constexpr std::size_t kBandBytes = 16384;
  const int band =
      std::max<int>(1, static_cast<int>(kBandBytes / (gradient.y_row * sizeof(float) * kO)));
  for (int group = 0; group < all_taps; group += kGroup) {
    const int group_end = std::min(all_taps, group + kGroup);
    HWY_ALIGN float sums[kGroup * kOutputs * kLanes] = {};
    for (int first = 0; first < gradient.out.height; first += band) {
      const Range rows{first, std::min(first + band, gradient.out.height)};
      for (int tap = group; tap < group_end; tap += kTaps) {
        add_rows<kO>(sums + (tap - group) * kOutputs * kLanes, dy, x, tap,
                     std::min(kTaps, group_end - tap), rows, gradient);
      }
    }
    for (int o = 0; o < kO; ++o) {
      const float* const from = sums + o * kLanes;
      float* const to = dw + o * all_taps + group;
      constexpr int kApart = kOutputs * kLanes;
      int tap = 0;
      if (lanes == kLanes) {
        for (; tap + 4 <= group_end - group; tap += 4) {
          sum_four_over_lanes(to + tap, from + tap * kApart, kApart);
        }
      }
      for (; tap < group_end - group; ++tap) {
        to[tap] = sum_over_lanes(from + tap * kApart, lanes);
      }
    }
  }
}

void conv2d_backward_weight(float* dw, const float* dy, const float* x, int lanes,
                            const Conv2dShape& shape) {
  const WeightGradient gradient(shape);
  for (int o = 0; o < shape.out_channels;) {
    const int left = shape.out_channels - o;
    float* const to = dw + o * shape.fan_in();
    const float* const from = dy + static_cast<std::size_t>(o) * gradient.y_channel;
    if (kOutputs == 8 && left >= 8) {
      weight_gradient<kOutputs>(to, from, x, lanes, gradient);
      o += kOutputs;
    } else if (left >= 4) {
      weight_gradient<4>(to, from, x, lanes, gradient);
      o += 4;
    } else if (left >= 2) {
      weight_gradient<2>(to, from, x, lanes, gradient);
      o += 2;
    } else {
      weight_gradient<1>(to, from, x, lanes, gradient);
      o += 1;
    }
  }
}

void conv2d_backward_bias(float* dbias, const float* dy, int lanes, const Conv2dShape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.output().pixels());
  for (int o = 0; o < shape.out_channels; ++o, dy += pixels * kLanes) {
    HWY_ALIGN float sum[1][kLanes] = {};
    sum_per_lane<1>(sum, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      total[0] = hn::Add(total[0], load(dy + at));
    });
    dbias[o] = sum_over_lanes(sum[0], lanes);
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(conv2d_backward_weight);
HWY_EXPORT(conv2d_backward_bias);
}  // namespace

void conv2d_backward_weight(float* dw, const float* dy, const float* x, int lanes,
                            const Conv2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(conv2d_backward_weight)(dw, dy, x, lanes, shape);
}

void conv2d_backward_bias(float* dbias, const float* dy, int lanes, const Conv2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(conv2d_backward_bias)(dbias, dy, lanes, shape);
}

}  // namespace normlab
#endif  // HWY_ONCE
