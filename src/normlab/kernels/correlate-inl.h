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
    // Divisions, which are asked for every row, took a third of a small convolution's time.
    if (spacing == 1) {
      return {first, std::max(0, std::min(kernel, input - origin) - first), origin + first};
    }
    first += (spacing - (origin + first) % spacing) % spacing;
    const int end = std::min(kernel, (input - 1) * spacing + 1 - origin);
    const int count = first < end ? (end - first + spacing - 1) / spacing : 0;
    return {first, count, (origin + first) / spacing};
  }

  // How many of the outputs i, i + spacing, ... share the taps of output i, each `step` further on.
  HWY_INLINE int sharing(int i, const Taps& at_i) const {
    const int origin = i * step - padding;
    const int room = (input - 1) * spacing + 1 - kernel - origin;
    if (origin >= 0 && room >= 0) {  // no tap outside x, nor at the next ones that have room
      return 1 + std::min(room / (step * spacing), (output - 1 - i) / spacing);
    }
    int count = 1;
    for (int j = i + spacing; j < output; j += spacing, ++count) {
      const Taps shared{at_i.first, at_i.count, at_i.from + count * step};
      if (taps(j) != shared) break;
    }
    return count;
  }
};

struct Correlation {
  int channels;       // of x
  int blocks;         // outputs: channels of y
  std::size_t lanes;  // that hold samples
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

// Outputs that share their taps, for one block of channels: lines of neighbours, which are pieces
// of rows or of a column.
struct Run {
  const float* x;      // tile
  const float* w;      // packed block: [C][KH][KW][pack]
  const float* start;  // one per channel of the block, or null
  float* y;            // first output of the first channel
  CorrelationEnds ends;
  std::size_t pack;  // channels of the packed block
  Axis::Taps rows;   // of the first output
  Axis::Taps columns;
  std::size_t x_step;  // floats from what one output reads to what the next one does
  std::size_t y_step;  // floats from one output to the next
  int lines;
  std::size_t x_line;  // the same from line to line
  std::size_t y_line;
};

// One tap: sum[b][v] += w[b] * x[offset(v)].
template <int kBlock, int kVectors, class Offset>
HWY_INLINE void add_tap(Vector (&sum)[kBlock][kVectors], const float* x, const float* w,
                        const Offset& offset) {
  Vector value[kVectors];
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) value[v] = load_once(x + offset(v));
  HWY_UNROLL(8)
  for (int b = 0; b < kBlock; ++b) {
    const Vector weight = broadcast(w[b]);
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sum[b][v] = hn::MulAdd(weight, value[v], sum[b][v]);
  }
}

// `count` times kPixels outputs of every line, each time kBlock channels x kPixels outputs in
// registers, with kWidth taps in a row of the kernel or, if that is 0, any number. Every sum runs
// over c, ky, kx in this order.
//
// One call and one loop for all lines: a call for each took up to a twentieth of the time.
//
// Not inlined, and no loop unrolled but the innermost: GCC 12 would keep some of the sums in memory
// otherwise, or load x again for each multiply-add (AVX2: 513 us instead of 278 for 8x26x26 -> 16,
// or 350).
template <int kBlock, int kPixels, int kWidth, bool kNeighbours>
HWY_NOINLINE void correlate_run(const Correlation& shape, const Run& run, int count) {
  const std::size_t row = static_cast<std::size_t>(shape.columns.input) * kLanes;
  const std::size_t kernel_row = static_cast<std::size_t>(shape.columns.kernel) * run.pack;
  const std::size_t tap = static_cast<std::size_t>(shape.columns.spacing) * run.pack;
  const std::size_t kernel_step = kernel_row * static_cast<std::size_t>(shape.rows.spacing);
  const std::size_t kernel = shape.taps() * run.pack;
  // Copies: a stored vector may alias anything, and what it may have changed is read again.
  const std::size_t x_channel = shape.x_channel();
  const std::size_t y_channel = shape.y_channel();
  const std::size_t x_step = kNeighbours ? kLanes : run.x_step;
  const std::size_t y_step = kNeighbours ? kLanes : run.y_step;
  const int channels = shape.channels;
  const int height = run.rows.count;
  const int width = run.columns.count;
  const int total = count * run.lines;
  // From the end of a line to the next one, which may be backwards: they wrap.
  const std::size_t length = static_cast<std::size_t>(count) * kPixels;
  const std::size_t x_turn = run.x_line - length * x_step;
  const std::size_t y_turn = run.y_line - length * y_step;
  const float* const start = run.start;
  const CorrelationEnds ends = run.ends;
  const float* x_first = run.x + static_cast<std::size_t>(run.rows.from) * row +
                         static_cast<std::size_t>(run.columns.from) * kLanes;
  const float* const w_first = run.w + static_cast<std::size_t>(run.rows.first) * kernel_row +
                               static_cast<std::size_t>(run.columns.first) * run.pack;
  float* y_first = run.y;

  // One pixel goes with two pieces of its vector at once: four sums alone would wait for each
  // other.
  constexpr int kTogether = kPixels == 1 && kPieces > 1 ? 2 : 1;
  constexpr int kVectors = kPixels * kTogether;
  constexpr std::size_t kStride = kTogether * kPiece;
  const std::size_t lanes = kStride == kLanes ? kStride : shape.lanes;
  const auto offset = [](int vector, std::size_t step) HWY_ATTR {
    return static_cast<std::size_t>(vector / kTogether) * step +
           static_cast<std::size_t>(vector % kTogether) * kPiece;
  };
  const auto x_offset = [&](int vector) HWY_ATTR { return offset(vector, x_step); };
  int left = count;  // of the line
  for (int n = 0; n < total; ++n, x_first += kPixels * x_step, y_first += kPixels * y_step) {
    if (left == 0) {
      left = count;
      x_first += static_cast<std::ptrdiff_t>(x_turn);
      y_first += static_cast<std::ptrdiff_t>(y_turn);
    }
    --left;
    for (std::size_t piece = 0; piece < lanes; piece += kStride) {
      Vector sum[kBlock][kVectors];
      HWY_UNROLL(8)
      for (int b = 0; b < kBlock; ++b) {
        const Vector from = start ? broadcast(start[b]) : hn::Zero(kTag);
        HWY_UNROLL(8)
        for (int v = 0; v < kVectors; ++v) sum[b][v] = from;
      }
      const float* x_plane = x_first + piece;
      const float* w_plane = w_first;
      HWY_UNROLL(1)
      for (int c = 0; c < channels; ++c, x_plane += x_channel, w_plane += kernel) {
        const float* x_row = x_plane;
        const float* w_row = w_plane;
        HWY_UNROLL(1)
        for (int ky = 0; ky < height; ++ky, x_row += row, w_row += kernel_step) {
          const float* x = x_row;
          const float* w = w_row;
          if constexpr (kWidth > 0) {
            HWY_UNROLL(3)
            for (int kx = 0; kx < kWidth; ++kx, x += kLanes, w += tap) add_tap(sum, x, w, x_offset);
          } else {
            HWY_UNROLL(1)
            for (int kx = 0; kx < width; ++kx, x += kLanes, w += tap) add_tap(sum, x, w, x_offset);
          }
        }
      }
      const std::size_t to_next_channel = unforeseen(y_channel);
      float* y_block = y_first + piece;
      HWY_UNROLL(8)
      for (int b = 0; b < kBlock; ++b, y_block += to_next_channel) {
        HWY_UNROLL(8)
        for (int v = 0; v < kVectors; ++v) {
          float* const y = y_block + offset(v, y_step);
          store(finished(sum[b][v], y, ends), y);
        }
      }
    }
  }
}

// With the steps known beforehand, too, where outputs are neighbours and it pays. AVX-512: 1.12
// times as fast for 1x28x28 -> 8, 0.99 to 1.05 for other 3x3 and 5x5, 1.01 to 1.14 for 1x1; AVX2:
// 1.02 to 1.11 for 1x1, but 0.96 to 1.02 for 3x3.
template <int kBlock, int kPixels, int kWidth>
HWY_INLINE void correlate_run(const Correlation& shape, const Run& run, int count) {
  if constexpr (kPixels == 3 && (kWidth == 1 || (kManyRegisters && kWidth != 2))) {
    if (run.x_step == kLanes && run.y_step == kLanes) {
      return correlate_run<kBlock, kPixels, kWidth, true>(shape, run, count);
    }
  }
  correlate_run<kBlock, kPixels, kWidth, false>(shape, run, count);
}

// With the width of the commonest kernels, and of what the rim leaves of them, known beforehand.
template <int kBlock, int kPixels>
HWY_INLINE void correlate_run(const Correlation& shape, const Run& run, int count) {
  const int width = run.columns.count;
  if (width == 3) return correlate_run<kBlock, kPixels, 3>(shape, run, count);
  if (width == 2) return correlate_run<kBlock, kPixels, 2>(shape, run, count);
  if (width == 1) return correlate_run<kBlock, kPixels, 1>(shape, run, count);
  correlate_run<kBlock, kPixels, 0>(shape, run, count);
}

// `count` outputs of any number: by threes, and by twos where one would be left over, which has few
// sums to hide the latency of the multiply-adds.
template <int kBlock>
HWY_INLINE void correlate_run(const Correlation& shape, Run run, int count) {
  const auto go_on = [&](int outputs) HWY_ATTR {
    run.x += static_cast<std::size_t>(outputs) * run.x_step;
    run.y += static_cast<std::size_t>(outputs) * run.y_step;
  };
  const int threes = count % 3 == 1 && count > 1 ? count / 3 - 1 : count / 3;
  if (threes > 0) correlate_run<kBlock, 3>(shape, run, threes);
  go_on(3 * threes);
  const int left = count - 3 * threes;
  if (left >= 2) correlate_run<kBlock, 2>(shape, run, left / 2);
  if (left == 1) correlate_run<kBlock, 1>(shape, run, 1);
}

HWY_INLINE std::size_t pixels(int count) { return static_cast<std::size_t>(count) * kLanes; }

// `count` columns of y from column j on, which share their taps, by rows that share theirs.
template <int kBlock>
HWY_INLINE void correlate_rows(const Correlation& shape, Run run, int j, int count) {
  float* const y = run.y + pixels(j);
  run.x_step = pixels(shape.columns.step);
  run.y_step = pixels(shape.columns.spacing);
  const Axis& rows = shape.rows;
  run.x_line = pixels(rows.step * shape.columns.input);
  run.y_line = pixels(rows.spacing * shape.columns.output);
  for (int phase = 0; phase < rows.spacing; ++phase) {
    for (int i = phase; i < rows.output; i += run.lines * rows.spacing) {
      run.rows = rows.taps(i);
      run.lines = rows.sharing(i, run.rows);
      run.y = y + pixels(i * shape.columns.output);
      correlate_run<kBlock>(shape, run, count);
    }
  }
}

// Column j of y downwards, by rows that share their taps.
template <int kBlock>
HWY_INLINE void correlate_column(const Correlation& shape, Run run, int j) {
  const Axis& rows = shape.rows;
  float* const y = run.y + pixels(j);
  run.lines = 1;
  run.x_step = pixels(rows.step * shape.columns.input);
  run.y_step = pixels(rows.spacing * shape.columns.output);
  for (int phase = 0; phase < rows.spacing; ++phase) {
    int count = 0;
    for (int i = phase; i < rows.output; i += count * rows.spacing) {
      run.rows = rows.taps(i);
      count = rows.sharing(i, run.rows);
      run.y = y + pixels(i * shape.columns.output);
      correlate_run<kBlock>(shape, run, count);
    }
  }
}

// All of y for kBlock channels, by columns that share their taps: row by row or, where that would
// be one output or two at a time, as at the rim, down each column.
template <int kBlock>
HWY_INLINE void correlate_block(const Correlation& shape, Run run) {
  const Axis& columns = shape.columns;
  for (int phase = 0; phase < columns.spacing; ++phase) {
    int count = 0;
    for (int j = phase; j < columns.output; j += count * columns.spacing) {
      run.columns = columns.taps(j);
      count = columns.sharing(j, run.columns);
      if (count > 2) {
        correlate_rows<kBlock>(shape, run, j, count);
        continue;
      }
      for (int n = 0; n < count; ++n, run.columns.from += columns.step) {
        correlate_column<kBlock>(shape, run, j + n * columns.spacing);
      }
    }
  }
}

// All channels of y, block by packed block; `start` has one number per channel or is null.
HWY_INLINE void correlate(float* y, const float* x, const float* packed, const float* start,
                          const Correlation& shape, const CorrelationEnds& ends) {
  // Eight channels by three pixels are 24 of AVX-512's 32 registers; four by three 12 of AVX2's 16.
  constexpr int kMost = kManyRegisters ? 8 : 4;
  const std::size_t weights = static_cast<std::size_t>(shape.channels) * shape.taps();
  Run run{x, packed, start, y, ends, 0, {}, {}, 0, 0, 1, 0, 0};
  for (int done = 0; done < shape.blocks;) {
    const int pack = conv2d_block(shape.blocks - done);
    run.pack = static_cast<std::size_t>(pack);
    const float* const next = run.w + weights * run.pack;
    for (int part = 0; part < pack;) {
      const int now = std::min(pack - part, kMost);
      if constexpr (kMost == 8) {
        if (now == 8) correlate_block<8>(shape, run);
      }
      if (now == 4) correlate_block<4>(shape, run);
      if (now == 2) correlate_block<2>(shape, run);
      if (now == 1) correlate_block<1>(shape, run);
      part += now;
      run.w += now;
      run.y += static_cast<std::size_t>(now) * shape.y_channel();
      if (run.start) run.start += now;
    }
    run.w = next;
    done += pack;
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_CORRELATE_INL_H_
