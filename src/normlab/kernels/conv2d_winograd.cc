#include "normlab/kernels/conv2d_winograd.h"

#include <algorithm>

#include "normlab/kernels/conv2d_winograd_2d.h"
#include "normlab/kernels/winograd_bands.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/conv2d_ends-inl.h"
#include "normlab/kernels/winograd-inl.h"
#include "normlab/kernels/winograd_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// A correlation with stride 1: y[b] = start[b] + sum over c, ky, kx of w * x. The forward pass is
// one, and so is the gradient of the input, with other paddings and the kernel turned.
struct WinogradCorrelation {
  Shape input;
  Shape output;
  int kernel_height;
  int row_padding;
  int column_padding;
  std::size_t lanes;  // that hold samples

  int quads() const { return winograd_quads(output.width); }
  int pieces() const { return kPieces == 1 ? 1 : static_cast<int>((lanes + kPiece - 1) / kPiece); }
  // A row of quads as vectors, in the order in which they lie in x: quad by quad, piece by piece.
  int vectors() const { return quads() * pieces(); }
  // Weights of a packed output channel for one position.
  std::size_t taps() const { return static_cast<std::size_t>(kernel_height * input.channels); }
};

// A run of vectors of one row, for up to kChannelsAtOnce channels.
struct WinogradRun {
  int first_row;  // rows [first_row, end_row) of the kernel meet the image,
  int end_row;
  const float* rows[kWinogradTallest];  // and these rows of x, of the run's vectors transformed
  const float* w;                       // packed, of the first channel
  const float* start;                   // one per channel, or null
  CorrelationEnds ends;
  int channels;
  int vector;  // the first of the run
  float* y;    // first channel's row
};

// y of a run from its products [6][kChannelsAtOnce][kVectors][kPiece].
template <int kVectors>
HWY_INLINE void transform_products(const float* products, const WinogradRun& run,
                                   const WinogradCorrelation& shape) {
  constexpr std::size_t kPosition = kChannelsAtOnce * kVectors * kPiece;
  const std::size_t y_channel = static_cast<std::size_t>(shape.output.pixels()) * kLanes;
  const int pieces = shape.pieces();
  // A copy: a stored vector may alias anything, and what it may have changed is read again.
  const CorrelationEnds ends = run.ends;
  for (int k = 0; k < kVectors; ++k, products += kPiece) {
    const int quad = (run.vector + k) / pieces;
    const int piece = (run.vector + k) % pieces;
    const int column = quad * kWinogradOutputs;
    const int count = std::min(kWinogradOutputs, shape.output.width - column);
    float* y_at = run.y + static_cast<std::size_t>(column) * kLanes +
                  static_cast<std::size_t>(piece) * kPiece;
    const float* from = products;
    for (int b = 0; b < run.channels; ++b, y_at += y_channel, from += kVectors * kPiece) {
      const Vector start = run.start ? broadcast(run.start[b]) : hn::Zero(kTag);
      Vector m[kWinogradInputs];
      for (std::size_t position = 0; position < kWinogradInputs; ++position) {
        m[position] = load(from + position * kPosition);
      }
      Vector y[kWinogradOutputs];
      transform_output(y, m);
      for (int i = 0; i < count; ++i) {
        float* const to = y_at + static_cast<std::size_t>(i) * kLanes;
        store(finished(hn::Add(y[i], start), to, ends), to);
      }
    }
  }
}

template <int kVectors>
HWY_INLINE void correlate_run(const WinogradRun& run, const WinogradCorrelation& shape) {
  constexpr std::size_t kPosition = kChannelsAtOnce * kVectors * kPiece;
  HWY_ALIGN float products[kWinogradInputs * kPosition];
  const std::size_t v_position = static_cast<std::size_t>(shape.input.channels) * kVectors * kPiece;
  const std::size_t w_position = static_cast<std::size_t>(shape.output.channels) * shape.taps();
  WinogradTerms terms{.rows = run.rows + run.first_row,
                      .row_count = run.end_row - run.first_row,
                      .at = 0,
                      .channels = shape.input.channels,
                      .taps = shape.taps(),
                      .skipped = static_cast<std::size_t>(run.first_row * shape.input.channels)};
  for (std::size_t position = 0; position < kWinogradInputs; ++position) {
    terms.at = position * v_position;
    multiply_channels<kVectors>(products + position * kPosition, run.w + position * w_position,
                                run.channels, terms);
  }
  transform_products<kVectors>(products, run, shape);
}

// A row of x, the vectors of a run transformed: [6][C][kVectors][kPiece], so that what is
// multiplied together lies together.
template <int kVectors, class Pixels>
HWY_INLINE void transform_row(float* transformed, const Conv2dInput& input, int row, int vector,
                              const WinogradCorrelation& shape) {
  constexpr std::size_t kChannel = kVectors * kPiece;
  // Copies: a stored vector may alias anything, and what it may have changed is read again.
  const int channels = shape.input.channels;
  const int width = shape.input.width;
  const std::size_t x_channel = static_cast<std::size_t>(shape.input.pixels()) * kLanes;
  const std::size_t position = static_cast<std::size_t>(channels) * kChannel;
  const int pieces = shape.pieces();
  const float* const x = input.x + tile_offset(shape.input, 0, row, 0);
  const float* const norm = input.norm;
  for (const int end = vector + kVectors; vector < end; ++vector, transformed += kPiece) {
    const int first = vector / pieces * kWinogradOutputs - shape.column_padding;
    const std::size_t piece = static_cast<std::size_t>(vector % pieces) * kPiece;
    const float* from = x + piece;
    float* to = transformed;
    for (int c = 0; c < channels; ++c, from += x_channel, to += kChannel) {
      Vector pixels[kWinogradInputs];
      load_pixels(pixels, from, first, width, Pixels(norm, c, piece));
      Vector v[kWinogradInputs];
      transform_input(v, pixels);
      store_positions(to, position, v);
    }
  }
}

// All rows of a run of vectors, so that its transformed rows of x stay in the first-level cache:
// they wait in a ring until the kernel has passed them.
template <int kVectors, class Pixels>
HWY_NOINLINE void correlate_strip(float* ring, const Conv2dInput& x, const float* packed,
                                  WinogradRun run, const WinogradCorrelation& shape) {
  const std::size_t ring_row =
      static_cast<std::size_t>(kWinogradInputs * shape.input.channels * kVectors) * kPiece;
  const auto slot = [&](int row) {
    return ring + static_cast<std::size_t>(row % shape.kernel_height) * ring_row;
  };
  const std::size_t y_channel = static_cast<std::size_t>(shape.output.pixels()) * kLanes;
  const std::size_t y_row = static_cast<std::size_t>(shape.output.width) * kLanes;
  const float* const start = run.start;
  float* y = run.y;
  int transformed = 0;  // rows of x
  for (int i = 0; i < shape.output.height; ++i, y += y_row) {
    const int top = i - shape.row_padding;  // the row of x that the kernel's first row meets
    run.first_row = std::clamp(-top, 0, shape.kernel_height);
    run.end_row = std::clamp(shape.input.height - top, run.first_row, shape.kernel_height);
    for (transformed = std::max(transformed, top); transformed < top + run.end_row; ++transformed) {
      transform_row<kVectors, Pixels>(slot(transformed), x, transformed, run.vector, shape);
    }
    for (int ky = run.first_row; ky < run.end_row; ++ky) run.rows[ky] = slot(top + ky);
    run.w = packed;
    run.start = start;
    run.y = y;
    for (int done = 0; done < shape.output.channels; done += kChannelsAtOnce) {
      run.channels = std::min(kChannelsAtOnce, shape.output.channels - done);
      correlate_run<kVectors>(run, shape);
      run.w += kChannelsAtOnce * shape.taps();
      run.y += kChannelsAtOnce * y_channel;
      if (run.start) run.start += kChannelsAtOnce;
    }
  }
}

// The longest run of vectors with which what a row of it takes - the ring, weights and products -
// stays in a first-level cache of 48 kB with some room for x and y. With AVX-512 16 channels to 8
// take 105 us on 26x26 one vector at a time, though its products share no weights, and 113 by
// threes. What fits in no way goes by threes: 16 to 24 on 9x9 take 22 us so, and 23 one by one.
HWY_INLINE int longest_run(const WinogradCorrelation& shape) {
  constexpr std::size_t kRoom = 41 * 1024 / sizeof(float);
  const auto outputs = static_cast<std::size_t>(std::min(kChannelsAtOnce, shape.output.channels));
  for (std::size_t vectors = 3; kPieces == 1 && vectors > 0; --vectors) {
    const std::size_t ring = shape.taps() * vectors * kPiece;
    const std::size_t products = outputs * vectors * kPiece;
    if (kWinogradInputs * (ring + shape.taps() * outputs + products) <= kRoom) {
      return static_cast<int>(vectors);
    }
  }
  return 3;
}

template <class Pixels>
HWY_NOINLINE void correlate(float* y, float* ring, const Conv2dInput& x, const float* packed,
                            const float* start, const WinogradCorrelation& shape,
                            const CorrelationEnds& ends) {
  WinogradRun run{};
  run.start = start;
  run.ends = ends;
  run.y = y;
  const int vectors = shape.vectors();
  const int longest = longest_run(shape);
  for (run.vector = 0; run.vector < vectors;) {
    const int now = std::min(longest, run_of_vectors(vectors - run.vector));
    if (now == 3) correlate_strip<3, Pixels>(ring, x, packed, run, shape);
    if (now == 2) correlate_strip<2, Pixels>(ring, x, packed, run, shape);
    if (now == 1) correlate_strip<1, Pixels>(ring, x, packed, run, shape);
    run.vector += now;
  }
}

void conv2d_winograd_forward(float* y, float* scratch, const Conv2dInput& x,
                             const float* packed_forward, const float* bias,
                             const Conv2dShape& shape, const Conv2dOptions& options) {
  const auto correlation = x.norm ? correlate<NormalizedPixels> : correlate<PlainPixels>;
  correlation(y, scratch, x, packed_forward, bias,
              {shape.input, shape.output(), shape.kernel_height, shape.padding, shape.padding,
               static_cast<std::size_t>(options.lanes)},
              {.relu = options.relu});
}

void conv2d_winograd_backward_input(float* dx, float* scratch, const float* dy,
                                    const float* packed_backward_input, const Conv2dShape& shape,
                                    const Conv2dOptions& options) {
  correlate<PlainPixels>(
      dx, scratch, dy, packed_backward_input, nullptr,
      {shape.output(), shape.input, shape.kernel_height, shape.kernel_height - 1 - shape.padding,
       kWinogradTaps - 1 - shape.padding, static_cast<std::size_t>(options.lanes)},
      {.y = dx, .relu_output = options.relu_output});
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {

HWY_EXPORT(conv2d_winograd_forward);
HWY_EXPORT(conv2d_winograd_backward_input);

// Of the larger of the two correlations: the ring holds as many rows as the kernel, of a run of at
// most three vectors.
std::size_t ring_floats(const Conv2dShape& shape) {
  const int channels = std::max(shape.input.channels, shape.out_channels);
  return static_cast<std::size_t>(kWinogradInputs * shape.kernel_height * channels) * 3 * kLanes;
}

// With fewer channels the transforms cost more than the products that they save.
bool rows_fit(const Conv2dShape& shape) {
  constexpr int kFewestChannels = 4;
  return shape.kernel_width == kWinogradTaps && shape.stride == 1 &&
         shape.kernel_height <= kWinogradTallest && shape.padding <= 2 &&
         std::min(shape.input.channels, shape.out_channels) >= kFewestChannels;
}

}  // namespace

bool conv2d_winograd_fits(const Conv2dShape& shape) {
  return conv2d_winograd_2d_fits(shape) || rows_fit(shape);
}

// Measured on AVX-512: with 1.8 times fewer products 1.46 times as fast, with 1.5 times 1.22,
// with 1.4 times 1.07, with 1.2 times 1.03, and the direct sum rounds half as coarsely.
bool conv2d_winograd_backward_input_fits(const Conv2dShape& shape) {
  constexpr double kLeast = 1.45;
  const Shape out = shape.output();
  const int direct = out.width * kWinogradTaps;
  const int winograd = winograd_quads(shape.input.width) * kWinogradInputs;
  return conv2d_winograd_2d_backward_input_fits(shape) ||
         (rows_fit(shape) && direct >= kLeast * winograd);
}

std::size_t conv2d_winograd_packed(const Conv2dShape& shape) {
  if (conv2d_winograd_2d_fits(shape)) return conv2d_winograd_2d_packed(shape);
  return shape.weights() / kWinogradTaps * kWinogradInputs;
}

std::size_t conv2d_winograd_scratch(const Conv2dShape& shape) {
  std::size_t floats = 0;
  if (conv2d_winograd_2d_fits(shape)) floats = conv2d_winograd_2d_scratch(shape);
  if (!conv2d_winograd_2d_backward_input_fits(shape)) {
    const WinogradBands bands(shape);
    floats = std::max({floats, ring_floats(shape), bands.v() + bands.t() + bands.sums()});
  }
  return floats;
}

bool conv2d_winograd_normalizes(const Conv2dShape& shape) {
  return rows_fit(shape) && !conv2d_winograd_2d_fits(shape);
}

void conv2d_winograd_forward(float* y, float* scratch, const Conv2dInput& x,
                             const float* packed_forward, const float* bias,
                             const Conv2dShape& shape, const Conv2dOptions& options) {
  if (conv2d_winograd_2d_fits(shape)) {
    return conv2d_winograd_2d_forward(y, scratch, x.x, packed_forward, bias, shape, options);
  }
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_forward)
  (y, scratch, x, packed_forward, bias, shape, options);
}

void conv2d_winograd_backward_input(float* dx, float* scratch, const float* dy,
                                    const float* packed_backward_input, const Conv2dShape& shape,
                                    const Conv2dOptions& options) {
  if (conv2d_winograd_2d_backward_input_fits(shape)) {
    return conv2d_winograd_2d_backward_input(dx, scratch, dy, packed_backward_input, shape,
                                             options);
  }
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_backward_input)
  (dx, scratch, dy, packed_backward_input, shape, options);
}

}  // namespace normlab
#endif  // HWY_ONCE
