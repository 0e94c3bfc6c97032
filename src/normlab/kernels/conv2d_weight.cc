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
inline constexpr int kGroup = 48;       // taps whose sums wait in the cache together
inline constexpr int kBandPixels = 84;  // outputs whose dy waits in the first-level cache

// Outputs [first, end) along one axis for which `stride * i + shift` lies in [0, extent).
struct Range {
  int first;
  int end;

  bool contains(int i) const { return first <= i && i < end; }
  Range within(Range other) const {
    const int from = std::clamp(other.first, first, end);
    return {from, std::clamp(other.end, from, end)};
  }
};

HWY_INLINE Range outputs_inside(int extent, int outputs, int stride, int shift) {
  // Divisions for every tap took a thirtieth of a small layer's time.
  const auto steps = [&](int pixels) { return stride == 1 ? pixels : pixels / stride; };
  const int first = shift >= 0 ? 0 : steps(-shift + stride - 1);
  const int reach = extent - 1 - shift;  // largest stride * i
  const int end = reach < 0 ? 0 : std::min(outputs, steps(reach) + 1);
  return {std::min(first, end), end};
}

// Taps counted through (c, ky, kx).
struct TapIndex {
  int channel = 0;
  int row = 0;
  int column = 0;

  void go_on(const Conv2dShape& shape) {
    if (++column < shape.kernel_width) return;
    column = 0;
    if (++row < shape.kernel_height) return;
    row = 0;
    ++channel;
  }
};

// One (c, ky, kx): where it reads, and the outputs for which that lies within the image.
struct Tap {
  const float* channel;  // of x
  int shift;             // in pixels, against the output's own place
  Range rows;
  Range columns;
};

struct WeightGradient {
  WeightGradient(const Conv2dShape& conv, int samples)
      : shape(conv),
        lanes(samples),
        out(conv.output()),
        x_channel(static_cast<std::size_t>(conv.input.pixels()) * kLanes),
        y_channel(static_cast<std::size_t>(out.pixels()) * kLanes) {}

  Tap tap(const float* x, const TapIndex& index) const {
    const int row = index.row - shape.padding;
    const int column = index.column - shape.padding;
    return {x + static_cast<std::size_t>(index.channel) * x_channel,
            row * shape.input.width + column,
            outputs_inside(shape.input.height, out.height, shape.stride, row),
            outputs_inside(shape.input.width, out.width, shape.stride, column)};
  }

  // What a tap reads for output (i, j).
  const float* source(const Tap& tap, int i, int j) const {
    const int pixel = i * shape.stride * shape.input.width + j * shape.stride + tap.shift;
    return tap.channel + static_cast<std::ptrdiff_t>(pixel) * kLanes;
  }

  Conv2dShape shape;
  int lanes;  // that hold samples
  Shape out;
  std::size_t x_channel;
  std::size_t y_channel;
};

// Some rows and columns of the outputs: as much of dy as stays in the first-level cache while all
// taps go over it. (Gathering its channels into one stream first cost a tenth of the time.)
struct Band {
  Range rows;
  Range columns;
  bool is_first;  // its sums start at 0
};

// One output: sum[t][o] += dy[o] * x[t], for kO channels of dy that stand `apart` floats from each
// other, and kT taps.
template <int kO, int kT>
HWY_INLINE void add_output(Vector (&sum)[kT][kO], const float* dy, std::size_t apart,
                           const Vector (&x)[kT]) {
  HWY_UNROLL(8)
  for (int o = 0; o < kO; ++o) {
    const Vector upstream = load_once(dy + static_cast<std::size_t>(o) * apart);
    HWY_UNROLL(3)
    for (int t = 0; t < kT; ++t) sum[t][o] = hn::MulAdd(upstream, x[t], sum[t][o]);
  }
}

// sums[t][o][lane] += dy[o][i][j][lane] * x[t][i * stride][j * stride][lane] over the outputs (i,
// j) of a band: kO channels by kT taps. The sums of a tap stand kOutputs vectors apart. A tap that
// falls outside the image reads a zero there, which costs less than leaving it out: taps that went
// one by one at the rim took a sixth of the time.
template <int kO, int kT>
HWY_INLINE void add_band(float* sums, const float* dy_first, const Band& band, const Tap* taps,
                         const WeightGradient& gradient) {
  const std::size_t x_step = static_cast<std::size_t>(gradient.shape.stride) * kLanes;
  const auto lanes = static_cast<std::size_t>(gradient.lanes);
  Range inner_rows = band.rows;  // where all taps lie within the image
  Range inner_columns = band.columns;
  std::ptrdiff_t from_first[kT];  // from what the first tap reads to what another does
  HWY_UNROLL(3)
  for (int t = 0; t < kT; ++t) {
    inner_rows = inner_rows.within(taps[t].rows);
    inner_columns = inner_columns.within(taps[t].columns);
    from_first[t] = taps[t].channel - taps[0].channel +
                    static_cast<std::ptrdiff_t>(taps[t].shift - taps[0].shift) * kLanes;
  }
  // From row to row by additions: to multiply anew took a fiftieth of the time for rows of seven.
  const std::size_t dy_step = static_cast<std::size_t>(gradient.out.width) * kLanes;
  const std::size_t row_step = static_cast<std::size_t>(gradient.shape.input.width) * x_step;
  const float* const first_source = gradient.source(taps[0], band.rows.first, inner_columns.first);
  for (std::size_t piece = 0; piece < lanes; piece += kPiece) {
    Vector sum[kT][kO];
    HWY_UNROLL(3)
    for (int t = 0; t < kT; ++t) {
      HWY_UNROLL(8)
      for (int o = 0; o < kO; ++o) {
        const float* const at = sums + (t * kOutputs + o) * kLanes + piece;
        sum[t][o] = band.is_first ? hn::Zero(kTag) : load(at);
      }
    }
    const float* dy_row =
        dy_first + tile_offset(gradient.out, 0, band.rows.first, band.columns.first) + piece;
    const float* x_row = first_source + piece;
    for (int i = band.rows.first; i < band.rows.end; ++i, dy_row += dy_step, x_row += row_step) {
      const float* dy = dy_row;
      const int first = band.columns.first;
      const Range columns = inner_rows.contains(i) ? inner_columns : Range{first, first};
      const auto at_the_rim = [&](int from, int to) HWY_ATTR {
        HWY_UNROLL(1)
        for (int j = from; j < to; ++j, dy += kLanes) {
          Vector x[kT];
          HWY_UNROLL(3)
          for (int t = 0; t < kT; ++t) {
            const bool inside = taps[t].rows.contains(i) && taps[t].columns.contains(j);
            x[t] = inside ? load(gradient.source(taps[t], i, j) + piece) : hn::Zero(kTag);
          }
          add_output<kO, kT>(sum, dy, gradient.y_channel, x);
        }
      };
      at_the_rim(band.columns.first, columns.first);
      const float* source = x_row;
      HWY_UNROLL(1)
      for (int j = columns.first; j < columns.end; ++j, dy += kLanes, source += x_step) {
        Vector x[kT];
        HWY_UNROLL(3)
        for (int t = 0; t < kT; ++t) x[t] = load(source + from_first[t]);
        add_output<kO, kT>(sum, dy, gradient.y_channel, x);
      }
      at_the_rim(columns.end, band.columns.end);
    }
    HWY_UNROLL(3)
    for (int t = 0; t < kT; ++t) {
      HWY_UNROLL(8)
      for (int o = 0; o < kO; ++o) store(sum[t][o], sums + (t * kOutputs + o) * kLanes + piece);
    }
  }
}

template <int kO>
HWY_INLINE void add_band(float* sums, const float* dy, const Band& band, const Tap* taps, int count,
                         const WeightGradient& gradient) {
  if (count == 3) return add_band<kO, 3>(sums, dy, band, taps, gradient);
  if (count == 2) return add_band<kO, 2>(sums, dy, band, taps, gradient);
  add_band<kO, 1>(sums, dy, band, taps, gradient);
}

// Neighbouring taps, found once for all channels of dy: to find them for each took as long as the
// arithmetic of a small layer.
struct TapGroup {
  Tap taps[kGroup];
  int first;
  int count;
};

// dw of a group of taps, for kO channels of dy.
template <int kO>
void weight_gradient(float* dw, const float* dy, const TapGroup& group,
                     const WeightGradient& gradient) {
  const Shape& out = gradient.out;
  // The bands are the same for every instruction set, and with them the order of the sums.
  const int band_columns = std::min(out.width, kBandPixels);
  const int band_rows = kBandPixels / band_columns;
  HWY_ALIGN float sums[kGroup * kOutputs * kLanes];
  for (int row = 0; row < out.height; row += band_rows) {
    for (int column = 0; column < out.width; column += band_columns) {
      const Band band{{row, std::min(row + band_rows, out.height)},
                      {column, std::min(column + band_columns, out.width)},
                      row == 0 && column == 0};
      for (int tap = 0; tap < group.count; tap += kTaps) {
        add_band<kO>(sums + tap * kOutputs * kLanes, dy, band, group.taps + tap,
                     std::min(kTaps, group.count - tap), gradient);
      }
    }
  }
  const int fan_in = gradient.shape.fan_in();
  for (int o = 0; o < kO; ++o) {
    sums_over_lanes(dw + o * fan_in + group.first, sums + o * kLanes, kOutputs * kLanes,
                    group.count, gradient.lanes);
  }
}

// A linear layer, which has one output pixel: each weight's 16 sums are one product each. The
// machinery above took five times as long for 512 -> 10.
HWY_INLINE void linear_backward_weight(float* dw, const float* dy, const float* x, int lanes,
                                       const Conv2dShape& shape) {
  constexpr int kAtOnce = 64;
  HWY_ALIGN float products[kAtOnce * kLanes];
  for (int o = 0; o < shape.out_channels; ++o, dy += kLanes, dw += shape.input.channels) {
    for (int first = 0; first < shape.input.channels; first += kAtOnce) {
      const int count = std::min(kAtOnce, shape.input.channels - first);
      const float* const inputs = x + first * kLanes;
      for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
        const Vector upstream = load(dy + piece);
        for (int c = 0; c < count; ++c) {
          const std::size_t at = static_cast<std::size_t>(c) * kLanes + piece;
          store(hn::MulAdd(upstream, load(inputs + at), hn::Zero(kTag)), products + at);
        }
      }
      sums_over_lanes(dw + first, products, kLanes, count, lanes);
    }
  }
}

void conv2d_backward_weight(float* dw, const float* dy, const float* x, int lanes,
                            const Conv2dShape& shape) {
  if (shape.is_pointwise() && shape.input.pixels() == 1) {
    return linear_backward_weight(dw, dy, x, lanes, shape);
  }
  Conv2dShape joined = shape;
  if (shape.is_pointwise()) {
    // Rows of a pointwise convolution join into one, as in the forward pass.
    joined.input = {shape.input.channels, 1, shape.input.pixels()};
  }
  const WeightGradient gradient(joined, lanes);
  const int all_taps = joined.fan_in();
  TapIndex index;
  for (int first = 0; first < all_taps; first += kGroup) {
    TapGroup group;
    group.first = first;
    group.count = std::min(kGroup, all_taps - first);
    for (int tap = 0; tap < group.count; ++tap, index.go_on(joined)) {
      group.taps[tap] = gradient.tap(x, index);
    }
    for (int o = 0; o < shape.out_channels;) {
      const int left = shape.out_channels - o;
      float* const to = dw + o * all_taps;
      const float* const from = dy + static_cast<std::size_t>(o) * gradient.y_channel;
      if (kOutputs == 8 && left >= 8) {
        weight_gradient<kOutputs>(to, from, group, gradient);
        o += kOutputs;
      } else if (left >= 4) {
        weight_gradient<4>(to, from, group, gradient);
        o += 4;
      } else if (left >= 2) {
        weight_gradient<2>(to, from, group, gradient);
        o += 2;
      } else {
        weight_gradient<1>(to, from, group, gradient);
        o += 1;
      }
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
