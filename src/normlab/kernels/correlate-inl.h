// The one loop behind the convolution's forward pass and the gradient of its input.
//
//   y[b][i][j] = start[b] + sum over c, ky, kx of w[b][c][ky][kx] * x[c][row(i, ky)][column(j, kx)]
//
// The forward pass reads row i*stride + ky - padding. The gradient of the input is the same sum
// over dy with the kernel turned by 180 degrees, where row i reads (i + ky - (K-1-padding)) /
// stride, if that is whole. Both are  (i*step + k - padding) / spacing  with one of step and
// spacing 1.
#if defined(NORMLAB_KERNELS_CORRELATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_CORRELATE_INL_H_
#undef NORMLAB_KERNELS_CORRELATE_INL_H_
#else
#define NORMLAB_KERNELS_CORRELATE_INL_H_
#endif

#include <algorithm>

#include "normlab/kernels/conv2d_blocks.h"
#include "normlab/kernels/conv2d_ends-inl.h"
#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// One direction (rows or columns) of a correlation.
struct Axis {
  int input;   // extent of x
  int output;  // extent of y
  int kernel;
  int step;     // from one output to the next, in x
  int padding;  // may be negative
  int spacing;  // x stands this far apart, with zeros between

  // The taps of output i that meet x: kernel positions first, first + spacing, ... of which there
  // are `count`, reading x at `from`, from + 1, ...
  struct Taps {
    int first;
    int count;
    int from;

    friend bool operator==(const Taps&, const Taps&) = default;
  };

  HWY_INLINE Taps taps(int i) const {
    const int origin = i * step - padding;  // position of tap 0 among x with its zeros
    int first = std::max(0, -origin);
    first += (spacing - (origin + first) % spacing) % spacing;
    const int end = std::min(kernel, (input - 1) * spacing + 1 - origin);
    const int count = first < end ? (end - first + spacing - 1) / spacing : 0;
    return {first, count, (origin + first) / spacing};
  }

  // Whether output j needs the same taps as output i, `steps` steps of x further on.
  HWY_INLINE bool same_taps(const Taps& at_i, int j, int shift) const {
    const Taps at_j = taps(j);
    return at_j.first == at_i.first && at_j.count == at_i.count && at_j.from == at_i.from + shift;
  }
};

struct Correlation {
  int channels;  // of x
  int blocks;    // outputs: channels of y
  Axis rows;
  Axis columns;

  std::size_t x_channel() const {
    return static_cast<std::size_t>(rows.input) * static_cast<std::size_t>(columns.input) * kLanes;
  }
  std::size_t y_channel() const {
    return static_cast<std::size_t>(rows.output) * static_cast<std::size_t>(columns.output) *
           kLanes;
  }
  std::size_t taps() const {
    return static_cast<std::size_t>(rows.kernel) * static_cast<std::size_t>(columns.kernel);
  }
};

// Some neighbouring outputs of one row and one block of channels.
struct Spot {
  const float* x;      // tile
  const float* w;      // packed block: [C][KH][KW][pack]
  const float* start;  // one per channel of the block, or null
  float* y;            // first output of the first channel
  CorrelationEnds ends;
  std::size_t pack;  // channels of the packed block
  Axis::Taps rows;
  Axis::Taps columns;
};

// kBlock channels x kPixels outputs in registers. Every sum runs over c, ky, kx in this order.
//
// Not inlined, its loops not unrolled: GCC 12 would keep some of the sums in memory otherwise, or
// load x again for each multiply-add (AVX2: 513 us instead of 278 for 8x26x26 -> 16, or 350).
template <int kBlock, int kPixels>
HWY_NOINLINE void correlate_spot(const Correlation& shape, const Spot& spot) {
  const std::size_t row = static_cast<std::size_t>(shape.columns.input) * kLanes;
  const std::size_t x_pixel = static_cast<std::size_t>(shape.columns.step) * kLanes;
  const std::size_t y_pixel = static_cast<std::size_t>(shape.columns.spacing) * kLanes;
  const std::size_t kernel_row = static_cast<std::size_t>(shape.columns.kernel) * spot.pack;
  const std::size_t tap = static_cast<std::size_t>(shape.columns.spacing) * spot.pack;
  const int width = spot.columns.count;
  // Copies: a stored vector may alias anything, and what it may have changed is read again.
  const std::size_t y_channel = shape.y_channel();
  const CorrelationEnds ends = spot.ends;
  const float* const x_first = spot.x + static_cast<std::size_t>(spot.rows.from) * row +
                               static_cast<std::size_t>(spot.columns.from) * kLanes;
  const float* const w_first = spot.w + static_cast<std::size_t>(spot.rows.first) * kernel_row +
                               static_cast<std::size_t>(spot.columns.first) * spot.pack;

  // One pixel goes with two pieces of its vector at once: four sums alone would wait for each
  // other.
  constexpr int kTogether = kPixels == 1 && kPieces > 1 ? 2 : 1;
  constexpr int kVectors = kPixels * kTogether;
  const auto offset = [](int vector, std::size_t pixel) HWY_ATTR {
    return static_cast<std::size_t>(vector / kTogether) * pixel +
           static_cast<std::size_t>(vector % kTogether) * kPiece;
  };
  for (std::size_t piece = 0; piece < kLanes; piece += kTogether * kPiece) {
    Vector sum[kBlock][kVectors];
    HWY_UNROLL(8)
    for (int b = 0; b < kBlock; ++b) {
      const Vector start = spot.start ? broadcast(spot.start[b]) : hn::Zero(kTag);
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) sum[b][v] = start;
    }
    const float* x_channel = x_first + piece;
    const float* w_channel = w_first;
    HWY_UNROLL(1)
    for (int c = 0; c < shape.channels; ++c) {
      const float* x = x_channel;
      const float* w = w_channel;
      HWY_UNROLL(1)
      for (int ky = 0; ky < spot.rows.count; ++ky) {
        HWY_UNROLL(1)
        for (int kx = 0; kx < width; ++kx) {
          const float* x_tap = x + static_cast<std::size_t>(kx) * kLanes;
          const float* w_tap = w + static_cast<std::size_t>(kx) * tap;
          Vector value[kVectors];
          HWY_UNROLL(8)
          for (int v = 0; v < kVectors; ++v) {
            value[v] = load_once(x_tap + offset(v, x_pixel));
          }
          HWY_UNROLL(8)
          for (int b = 0; b < kBlock; ++b) {
            const Vector weight = broadcast(w_tap[b]);
            HWY_UNROLL(8)
            for (int v = 0; v < kVectors; ++v) {
              sum[b][v] = hn::MulAdd(weight, value[v], sum[b][v]);
            }
          }
        }
        x += row;
        w += kernel_row * static_cast<std::size_t>(shape.rows.spacing);
      }
      x_channel += shape.x_channel();
      w_channel += shape.taps() * spot.pack;
    }
    float* y_block = spot.y + piece;
    HWY_UNROLL(8)
    for (int b = 0; b < kBlock; ++b, y_block += y_channel) {
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) {
        float* const y = y_block + offset(v, y_pixel);
        store(finished(sum[b][v], y, ends), y);
      }
    }
  }
}

// One row of y for kBlock channels: as many neighbours at once as share their taps.
template <int kBlock>
HWY_INLINE void correlate_row(const Correlation& shape, Spot spot, int i) {
  const Axis& columns = shape.columns;
  float* const y_row =
      spot.y + static_cast<std::size_t>(i) * static_cast<std::size_t>(columns.output) * kLanes;
  const int apart = columns.spacing;
  for (int phase = 0; phase < apart; ++phase) {
    for (int j = phase; j < columns.output;) {
      spot.columns = columns.taps(j);
      spot.y = y_row + static_cast<std::size_t>(j) * kLanes;
      const auto shares_taps = [&](int neighbour) {
        const int other = j + neighbour * apart;
        return other < columns.output &&
               columns.same_taps(spot.columns, other, neighbour * columns.step);
      };
      // The last four go two by two: one alone has too few sums to hide the latency of the
      // multiply-adds.
      const bool last_four = shares_taps(3) && !shares_taps(4);
      if (shares_taps(2) && !last_four) {
        correlate_spot<kBlock, 3>(shape, spot);
        j += 3 * apart;
      } else if (shares_taps(1)) {
        correlate_spot<kBlock, 2>(shape, spot);
        j += 2 * apart;
      } else {
        correlate_spot<kBlock, 1>(shape, spot);
        j += apart;
      }
    }
  }
}

template <int kBlock>
HWY_INLINE void correlate_block(const Correlation& shape, Spot spot) {
  for (int i = 0; i < shape.rows.output; ++i) {
    spot.rows = shape.rows.taps(i);
    correlate_row<kBlock>(shape, spot, i);
  }
}

// All channels of y, block by packed block; `start` has one number per channel or is null.
HWY_INLINE void correlate(float* y, const float* x, const float* packed, const float* start,
                          const Correlation& shape, const CorrelationEnds& ends) {
  // Eight channels by three pixels are 24 of AVX-512's 32 registers; four by three 12 of AVX2's 16.
  constexpr int kMost = kManyRegisters ? 8 : 4;
  const std::size_t weights = static_cast<std::size_t>(shape.channels) * shape.taps();
  Spot spot{x, packed, start, y, ends, 0, {}, {}};
  for (int done = 0; done < shape.blocks;) {
    const int pack = conv2d_block(shape.blocks - done);
    spot.pack = static_cast<std::size_t>(pack);
    const float* const next = spot.w + weights * spot.pack;
    for (int part = 0; part < pack;) {
      const int now = std::min(pack - part, kMost);
      if constexpr (kMost == 8) {
        if (now == 8) correlate_block<8>(shape, spot);
      }
      if (now == 4) correlate_block<4>(shape, spot);
      if (now == 2) correlate_block<2>(shape, spot);
      if (now == 1) correlate_block<1>(shape, spot);
      part += now;
      spot.w += now;
      spot.y += static_cast<std::size_t>(now) * shape.y_channel();
      if (spot.start) spot.start += now;
    }
    spot.w = next;
    done += pack;
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_CORRELATE_INL_H_
