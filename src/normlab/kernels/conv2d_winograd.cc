#include "normlab/kernels/conv2d_winograd.h"

#include <algorithm>

#include "normlab/kernels/conv2d_blocks.h"
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
  int pieces() const { return static_cast<int>((lanes + kPiece - 1) / kPiece); }
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

// Channel c of a row of x, the vectors of a run transformed: [6][C][kVectors][kPiece], so that what
// is multiplied together lies together.
template <int kVectors>
HWY_INLINE void transform_row(float* transformed, const float* row, int c, int vector,
                              const WinogradCorrelation& shape) {
  constexpr std::size_t kChannel = kVectors * kPiece;
  const std::size_t position = static_cast<std::size_t>(shape.input.channels) * kChannel;
  const int pieces = shape.pieces();
  float* to = transformed + static_cast<std::size_t>(c) * kChannel;
  for (const int end = vector + kVectors; vector < end; ++vector, to += kPiece) {
    Vector pixels[kWinogradInputs];
    load_pixels(pixels, row + static_cast<std::size_t>(vector % pieces) * kPiece,
                vector / pieces * kWinogradOutputs - shape.column_padding, shape.input.width);
    Vector v[kWinogradInputs];
    transform_input(v, pixels);
    store_positions(to, position, v);
  }
}

// All rows of a run of vectors, so that its transformed rows of x stay in the first-level cache:
// they wait in a ring until the kernel has passed them.
template <int kVectors>
HWY_NOINLINE void correlate_strip(float* ring, const float* x, const float* packed, WinogradRun run,
                                  const WinogradCorrelation& shape) {
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
      for (int c = 0; c < shape.input.channels; ++c) {
        transform_row<kVectors>(slot(transformed), x + tile_offset(shape.input, c, transformed, 0),
                                c, run.vector, shape);
      }
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

HWY_INLINE void correlate(float* y, float* ring, const float* x, const float* packed,
                          const float* start, const WinogradCorrelation& shape,
                          const CorrelationEnds& ends) {
  WinogradRun run{};
  run.start = start;
  run.ends = ends;
  run.y = y;
  const int vectors = shape.vectors();
  for (run.vector = 0; run.vector < vectors;) {
    const int now = run_of_vectors(vectors - run.vector);
    if (now == 3) correlate_strip<3>(ring, x, packed, run, shape);
    if (now == 2) correlate_strip<2>(ring, x, packed, run, shape);
    if (now == 1) correlate_strip<1>(ring, x, packed, run, shape);
    run.vector += now;
  }
}

void conv2d_winograd_forward(float* y, float* scratch, const float* x, const float* packed_forward,
                             const float* bias, const Conv2dShape& shape,
                             const Conv2dOptions& options) {
  correlate(y, scratch, x, packed_forward, bias,
            {shape.input, shape.output(), shape.kernel_height, shape.padding, shape.padding,
             static_cast<std::size_t>(options.lanes)},
            {.relu = options.relu});
}

void conv2d_winograd_backward_input(float* dx, float* scratch, const float* dy,
                                    const float* packed_backward_input, const Conv2dShape& shape,
                                    const Conv2dOptions& options) {
  correlate(
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

// [6][blocks of `outputs` channels][KH][inputs][block]; taps(o, c, ky) points to three taps, `step`
// floats apart.
template <class Taps>
void pack(float* packed, int outputs, int inputs, int kernel_height, int step, const Taps& taps) {
  for (const auto& g : kWinogradG) {
    for (int first = 0; first < outputs;) {
      const int block = conv2d_block(outputs - first);
      for (int ky = 0; ky < kernel_height; ++ky) {
        for (int c = 0; c < inputs; ++c) {
          for (int b = 0; b < block; ++b) {
            const float* const w = taps(first + b, c, ky);
            double sum = 0;
            for (int kx = 0; kx < kWinogradTaps; ++kx)
              sum += g[kx] * static_cast<double>(w[kx * step]);
            *packed++ = static_cast<float>(sum);
          }
        }
      }
      first += block;
    }
  }
}

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

void conv2d_winograd_pack_forward(float* packed, const float* w, const Conv2dShape& shape) {
  if (conv2d_winograd_2d_fits(shape)) return conv2d_winograd_2d_pack_forward(packed, w, shape);
  const int taps = shape.kernel_height * shape.kernel_width;
  pack(
      packed, shape.out_channels, shape.input.channels, shape.kernel_height, 1,
      [&](int o, int c, int ky) { return w + o * shape.fan_in() + c * taps + ky * kWinogradTaps; });
}

void conv2d_winograd_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape) {
  if (conv2d_winograd_2d_backward_input_fits(shape)) {
    return conv2d_winograd_2d_pack_backward_input(packed, w, shape);
  }
  const int taps = shape.kernel_height * shape.kernel_width;
  pack(packed, shape.input.channels, shape.out_channels, shape.kernel_height, -1,
       [&](int c, int o, int ky) {  // turned by 180 degrees
         return w + o * shape.fan_in() + (c + 1) * taps - 1 - ky * kWinogradTaps;
       });
}

void conv2d_winograd_forward(float* y, float* scratch, const float* x, const float* packed_forward,
                             const float* bias, const Conv2dShape& shape,
                             const Conv2dOptions& options) {
  if (conv2d_winograd_2d_fits(shape)) {
    return conv2d_winograd_2d_forward(y, scratch, x, packed_forward, bias, shape, options);
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
