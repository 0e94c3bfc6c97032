// The gradient of a convolution's weights by Winograd's F(4,3), from the same transformed input as
// the forward pass: the equation in conv2d_winograd.h, differentiated by w.
//
// A tap here is one (c, ky): a row of the kernel. For each tap, output channel and position there
// is a vector of 16 sums, one per lane, over all quads in row order. They are added up band by band
// of rows; G^T and the sum over lanes follow once at the end.
#include <algorithm>
#include <iterator>

#include "normlab/kernels/conv2d_winograd.h"
#include "normlab/kernels/conv2d_winograd_2d.h"
#include "normlab/kernels/winograd_bands.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd_weight.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

inline constexpr int kTaps = 3;                          // at once
inline constexpr int kOutputs = kManyRegisters ? 8 : 4;  // at once

// Floats of the sums of a group of taps: [6][kTaps][kWinogradBlock][16].
inline constexpr std::size_t kPositionSums = kTaps * kWinogradBlock * kLanes;
inline constexpr std::size_t kGroupSums = kWinogradInputs * kPositionSums;

// A band of quads of one position and piece.
struct Quads {
  int count;
  bool from_zero;  // its sums start at 0
};

// sums[t][o][16] += dy[o][n] * x[t][n] over `count` quads n, for one position and piece; dy's
// channels stand `apart` floats from each other. Not inlined for the same reason as in
// conv2d_winograd.cc.
template <int kO, int kT>
HWY_NOINLINE void add_quads(float* sums, const float* dy, std::size_t apart,
                            const float* const (&x)[kTaps], const Quads& quads) {
  Vector sum[kT][kO];
  HWY_UNROLL(3)
  for (int t = 0; t < kT; ++t) {
    HWY_UNROLL(8)
    for (int o = 0; o < kO; ++o) {
      const float* const at = sums + (t * kWinogradBlock + o) * kLanes;
      sum[t][o] = quads.from_zero ? hn::Zero(kTag) : load(at);
    }
  }
  HWY_UNROLL(1)
  for (int n = 0; n < quads.count; ++n) {
    const std::size_t quad = static_cast<std::size_t>(n) * kPiece;
    Vector value[kT];
    HWY_UNROLL(3)
    for (int t = 0; t < kT; ++t) value[t] = load_once(x[t] + quad);
    HWY_UNROLL(8)
    for (int o = 0; o < kO; ++o) {
      const Vector upstream = load_once(dy + static_cast<std::size_t>(o) * apart + quad);
      HWY_UNROLL(3)
      for (int t = 0; t < kT; ++t) sum[t][o] = hn::MulAdd(upstream, value[t], sum[t][o]);
    }
  }
  HWY_UNROLL(3)
  for (int t = 0; t < kT; ++t) {
    HWY_UNROLL(8)
    for (int o = 0; o < kO; ++o) store(sum[t][o], sums + (t * kWinogradBlock + o) * kLanes);
  }
}

template <int kO>
HWY_INLINE void add_quads(float* sums, const float* dy, std::size_t apart,
                          const float* const (&x)[kTaps], int taps, const Quads& quads) {
  if (taps == 3) return add_quads<kO, 3>(sums, dy, apart, x, quads);
  if (taps == 2) return add_quads<kO, 2>(sums, dy, apart, x, quads);
  add_quads<kO, 1>(sums, dy, apart, x, quads);
}

// Any number of output channels up to kWinogradBlock.
HWY_INLINE void add_quads(float* sums, const float* dy, std::size_t apart,
                          const float* const (&x)[kTaps], int outputs, int taps,
                          const Quads& quads) {
  for (int o = 0; o < outputs;) {
    const int left = outputs - o;
    float* const to = sums + o * kLanes;
    const float* const from = dy + static_cast<std::size_t>(o) * apart;
    if (kOutputs == 8 && left >= 8) {
      add_quads<kOutputs>(to, from, apart, x, taps, quads);
      o += kOutputs;
    } else if (left >= 4) {
      add_quads<4>(to, from, apart, x, taps, quads);
      o += 4;
    } else if (left >= 2) {
      add_quads<2>(to, from, apart, x, taps, quads);
      o += 2;
    } else {
      add_quads<1>(to, from, apart, x, taps, quads);
      o += 1;
    }
  }
}

// dw of `taps` taps and `outputs` output channels from their sums [6][kTaps][kWinogradBlock][16].
HWY_INLINE void finish(float* dw, const float* sums, int outputs, int taps, int lanes, int fan_in) {
  constexpr int kNumbers = kTaps * kWinogradTaps * kWinogradBlock;
  constexpr int kSixteens = (kNumbers + 15) / 16 * 16;
  HWY_ALIGN float per_lane[kSixteens * kLanes];  // [tap][kx][kWinogradBlock][16]
  const bool is_whole = taps == kTaps && outputs == kWinogradBlock;
  std::fill(per_lane + (is_whole ? kNumbers * kLanes : 0), std::end(per_lane), 0.0f);
  for (int tap = 0; tap < taps; ++tap) {
    for (int o = 0; o < outputs; ++o) {
      const float* const from = sums + (tap * kWinogradBlock + o) * kLanes;
      float* const to = per_lane + (tap * kWinogradTaps * kWinogradBlock + o) * kLanes;
      for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
        // An unused lane may hold a NaN, so it is left out here and not multiplied by 0 later.
        const auto used = hn::FirstN(
            kTag, static_cast<std::size_t>(std::max(0, lanes - static_cast<int>(piece))));
        Vector sum[kWinogradTaps];
        for (int kx = 0; kx < kWinogradTaps; ++kx) sum[kx] = hn::Zero(kTag);
        HWY_UNROLL(6)
        for (std::size_t position = 0; position < kWinogradInputs; ++position) {
          const Vector value = load(from + position * kPositionSums + piece);
          HWY_UNROLL(3)
          for (int kx = 0; kx < kWinogradTaps; ++kx) {
            const float g = static_cast<float>(kWinogradG[position][kx]);
            if (g != 0.0f) sum[kx] = hn::MulAdd(broadcast(g), value, sum[kx]);
          }
        }
        for (int kx = 0; kx < kWinogradTaps; ++kx) {
          store(hn::IfThenElseZero(used, sum[kx]), to + kx * kWinogradBlock * kLanes + piece);
        }
      }
    }
  }
  HWY_ALIGN float numbers[kSixteens];
  for (int i = 0; i < kSixteens; i += 16) {
    sum_sixteen_over_lanes(numbers + i, per_lane + i * kLanes, kLanes);
  }
  for (int o = 0; o < outputs; ++o) {
    for (int i = 0; i < taps * kWinogradTaps; ++i) {
      dw[o * fan_in + i] = numbers[i * kWinogradBlock + o];
    }
  }
}

// Where transforms of x or dy stand: [6][pieces][channels][rows][quads][kPiece].
struct Transforms {
  Transforms(float* start, std::size_t size, int channels, int row_quads)
      : first(start),
        position(size / kWinogradInputs),
        piece(position / kPieces),
        channel(piece / static_cast<std::size_t>(channels)),
        quads(row_quads) {}

  float* at(std::size_t at_position, std::size_t lane) const {
    return first + at_position * position + lane / kPiece * piece;
  }
  float* row(int c, int i) const {
    return first + static_cast<std::size_t>(c) * channel +
           static_cast<std::size_t>(i * quads) * kPiece;
  }

  float* first;
  std::size_t position;
  std::size_t piece;
  std::size_t channel;
  int quads;
};

// Channel c of x around rows [row, row + rows) of dy.
template <class Pixels>
HWY_NOINLINE void transform_x(const Transforms& v, const Conv2dInput& input, int c, int row,
                              int rows, std::size_t lanes, const Conv2dShape& shape) {
  for (int i = 0; i < rows + shape.kernel_height - 1; ++i) {
    const int from = row + i - shape.padding;
    // A row outside the image is one without pixels: all zero.
    const bool inside = from >= 0 && from < shape.input.height;
    const float* const pixels = input.x + (inside ? tile_offset(shape.input, c, from, 0) : 0);
    const int width = inside ? shape.input.width : 0;
    for (std::size_t lane = 0; lane < lanes; lane += kPiece) {
      float* to = v.row(c, i) + lane / kPiece * v.piece;
      const Pixels loaded(input.norm, c, lane);
      for (int quad = 0; quad < v.quads; ++quad, to += kPiece) {
        Vector from_x[kWinogradInputs];
        load_pixels(from_x, pixels + lane, quad * kWinogradOutputs - shape.padding, width, loaded);
        Vector transformed[kWinogradInputs];
        transform_input(transformed, from_x);
        store_positions(to, v.position, transformed);
      }
    }
  }
}

// Channel `from` of rows [row, row + rows) of dy, as channel o of the block.
HWY_INLINE void transform_dy(const Transforms& t, int o, const float* dy, int from, int row,
                             int rows, std::size_t lanes, const Shape& out) {
  for (int i = 0; i < rows; ++i) {
    const float* const pixels = dy + tile_offset(out, from, row + i, 0);
    for (std::size_t lane = 0; lane < lanes; lane += kPiece) {
      float* to = t.row(o, i) + lane / kPiece * t.piece;
      const PlainPixels loaded(nullptr, from, lane);
      for (int quad = 0; quad < t.quads; ++quad, to += kPiece) {
        Vector from_dy[kWinogradOutputs];
        load_pixels(from_dy, pixels + lane, quad * kWinogradOutputs, out.width, loaded);
        Vector transformed[kWinogradInputs];
        transform_upstream(transformed, from_dy);
        store_positions(to, t.position, transformed);
      }
    }
  }
}

// sums[groups of taps][6][kTaps][kWinogradBlock][16] of a block of output channels += a band's.
// Position by position and piece by piece, so that what is read for every group stays in the
// first-level cache: with the groups outside, 8x26x26 -> 16 took 1.15 times as long (AVX2).
HWY_INLINE void add_band(float* sums, const Transforms& v, const Transforms& t, int outputs,
                         std::size_t lanes, const Quads& quads, const Conv2dShape& shape) {
  const int all_taps = shape.input.channels * shape.kernel_height;
  for (std::size_t position = 0; position < kWinogradInputs; ++position) {
    for (std::size_t lane = 0; lane < lanes; lane += kPiece) {
      float* to = sums + position * kPositionSums + lane;
      for (int tap = 0; tap < all_taps; tap += kTaps, to += kGroupSums) {
        const int taps = std::min(kTaps, all_taps - tap);
        const float* x[kTaps] = {};
        for (int k = 0; k < taps; ++k) {
          x[k] = v.row((tap + k) / shape.kernel_height, (tap + k) % shape.kernel_height) +
                 (v.at(position, lane) - v.first);
        }
        add_quads(to, t.at(position, lane), t.channel, x, outputs, taps, quads);
      }
    }
  }
}

void conv2d_winograd_backward_weight(float* dw, float* scratch, const float* dy,
                                     const Conv2dInput& x, int lanes, const Conv2dShape& shape) {
  const Shape out = shape.output();
  const WinogradBands bands(shape);
  const int all_taps = shape.input.channels * shape.kernel_height;
  const auto used = static_cast<std::size_t>(lanes);
  const Transforms v(scratch, bands.v(), shape.input.channels, bands.quads);
  const Transforms t(scratch + bands.v(), bands.t(), kWinogradBlock, bands.quads);
  const auto transform = x.norm ? transform_x<NormalizedPixels> : transform_x<PlainPixels>;
  float* const all_sums = scratch + bands.v() + bands.t();
  for (int row = 0; row < out.height; row += bands.rows) {
    const int rows = std::min(bands.rows, out.height - row);
    const bool is_last = row + rows == out.height;
    for (int c = 0; c < shape.input.channels; ++c) transform(v, x, c, row, rows, used, shape);
    float* sums = all_sums;
    for (int first = 0; first < shape.out_channels; first += kWinogradBlock) {
      const int outputs = std::min(kWinogradBlock, shape.out_channels - first);
      for (int o = 0; o < outputs; ++o) transform_dy(t, o, dy, first + o, row, rows, used, out);
      add_band(sums, v, t, outputs, used, {rows * bands.quads, row == 0}, shape);
      for (int tap = 0; is_last && tap < all_taps; tap += kTaps) {
        finish(dw + first * shape.fan_in() + tap * kWinogradTaps,
               sums + static_cast<std::size_t>(tap / kTaps) * kGroupSums, outputs,
               std::min(kTaps, all_taps - tap), lanes, shape.fan_in());
      }
      if (!bands.is_one) sums += bands.block_sums();
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(conv2d_winograd_backward_weight);
}  // namespace

void conv2d_winograd_backward_weight(float* dw, float* scratch, const float* dy,
                                     const Conv2dInput& x, int lanes, const Conv2dShape& shape) {
  if (conv2d_winograd_2d_fits(shape)) {
    return conv2d_winograd_2d_backward_weight(dw, scratch, dy, x.x, lanes, shape);
  }
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_backward_weight)(dw, scratch, dy, x, lanes, shape);
}

}  // namespace normlab
#endif  // HWY_ONCE
