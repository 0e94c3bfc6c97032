#include "normlab/kernels/conv2d_winograd.h"

#include <algorithm>

#include "normlab/kernels/conv2d_blocks.h"
#include "normlab/kernels/winograd_bands.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/conv2d_ends-inl.h"
#include "normlab/kernels/winograd-inl.h"

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
  // Floats from one position to the next in a row's transform: [6][C][quads][16].
  std::size_t position() const { return static_cast<std::size_t>(input.channels) * channel(); }
  std::size_t channel() const { return static_cast<std::size_t>(quads()) * kLanes; }
};

// Eight channels by three quads are 24 of AVX-512's 32 registers; four by three 12 of AVX2's 16.
inline constexpr int kBlockAtOnce = kManyRegisters ? 8 : 4;
inline constexpr int kQuadsAtOnce = 3;

// Some neighbouring quads of one row, for some channels of a packed block.
struct WinogradSpot {
  int first_row;  // rows [first_row, end_row) of the kernel meet the image,
  int end_row;
  const float* rows[kWinogradTallest];  // and these transformed rows of x
  const float* w;                       // packed block: [6][KH][C][pack]
  std::size_t pack;                     // channels of the packed block
  const float* start;                   // one per channel of the block, or null
  CorrelationEnds ends;
  int quad;  // the first
  float* y;  // first channel's row
};

// products[position][b][q][16] = sum over ky, c of w * v, in this order.
//
// Not inlined: GCC 12 would keep constants of the transforms in registers meanwhile and leave some
// of these sums in memory (169 us instead of 140 for 8x26x26 -> 16).
template <int kBlock, int kQuads>
HWY_NOINLINE void multiply(float* products, const WinogradSpot& spot,
                           const WinogradCorrelation& shape) {
  const std::size_t channel = shape.channel();
  const std::size_t kernel_row = static_cast<std::size_t>(shape.input.channels) * spot.pack;
  const std::size_t first = static_cast<std::size_t>(spot.quad) * kLanes;
  for (std::size_t position = 0; position < kWinogradInputs; ++position) {
    const std::size_t v_at = position * shape.position() + first;
    const float* const w_at =
        spot.w + position * static_cast<std::size_t>(shape.kernel_height) * kernel_row;
    for (std::size_t piece = 0; piece < shape.lanes; piece += kPiece) {
      Vector sum[kBlock][kQuads];
      HWY_UNROLL(8)
      for (int b = 0; b < kBlock; ++b) {
        HWY_UNROLL(3)
        for (int q = 0; q < kQuads; ++q) sum[b][q] = hn::Zero(kTag);
      }
      const float* w = w_at + static_cast<std::size_t>(spot.first_row) * kernel_row;
      for (int ky = spot.first_row; ky < spot.end_row; ++ky) {
        const float* v = spot.rows[ky] + v_at + piece;
        HWY_UNROLL(1)
        for (int c = 0; c < shape.input.channels; ++c, v += channel, w += spot.pack) {
          Vector value[kQuads];
          HWY_UNROLL(3)
          for (int q = 0; q < kQuads; ++q) value[q] = load_once(v + q * kLanes);
          HWY_UNROLL(8)
          for (int b = 0; b < kBlock; ++b) {
            const Vector weight = broadcast(w[b]);
            HWY_UNROLL(3)
            for (int q = 0; q < kQuads; ++q) sum[b][q] = hn::MulAdd(weight, value[q], sum[b][q]);
          }
        }
      }
      float* to = products + position * kBlock * kQuads * kLanes + piece;
      HWY_UNROLL(8)
      for (int b = 0; b < kBlock; ++b) {
        HWY_UNROLL(3)
        for (int q = 0; q < kQuads; ++q, to += kLanes) store(sum[b][q], to);
      }
    }
  }
}

template <int kBlock, int kQuads>
HWY_INLINE void correlate_spot(const WinogradSpot& spot, const WinogradCorrelation& shape) {
  HWY_ALIGN float products[kWinogradInputs * kBlock * kQuads * kLanes];
  multiply<kBlock, kQuads>(products, spot, shape);
  // Copies: a stored vector may alias anything, and what it may have changed is read again.
  const std::size_t y_channel = static_cast<std::size_t>(shape.output.pixels()) * kLanes;
  const int width = shape.output.width;
  const CorrelationEnds ends = spot.ends;
  for (int b = 0; b < kBlock; ++b) {
    const Vector start = spot.start ? broadcast(spot.start[b]) : hn::Zero(kTag);
    for (int q = 0; q < kQuads; ++q) {
      const int column = (spot.quad + q) * kWinogradOutputs;
      const int count = std::min(kWinogradOutputs, width - column);
      float* const to = spot.y + static_cast<std::size_t>(b) * y_channel +
                        static_cast<std::size_t>(column) * kLanes;
      for (std::size_t piece = 0; piece < shape.lanes; piece += kPiece) {
        Vector m[kWinogradInputs];
        for (int position = 0; position < kWinogradInputs; ++position) {
          m[position] = load(products + ((position * kBlock + b) * kQuads + q) * kLanes + piece);
        }
        Vector y[kWinogradOutputs];
        transform_output(y, m);
        for (int k = 0; k < count; ++k) {
          float* const at = to + static_cast<std::size_t>(k) * kLanes + piece;
          store(finished(hn::Add(y[k], start), at, ends), at);
        }
      }
    }
  }
}

template <int kBlock>
HWY_INLINE void correlate_row(WinogradSpot spot, const WinogradCorrelation& shape) {
  const int quads = shape.quads();
  for (spot.quad = 0; spot.quad < quads;) {
    const int left = quads - spot.quad;
    if (left == 1) {
      correlate_spot<kBlock, 1>(spot, shape);
      spot.quad += 1;
    } else if (left == 2 || left == 4) {  // one alone has too few sums to hide the latency
      correlate_spot<kBlock, 2>(spot, shape);
      spot.quad += 2;
    } else {
      correlate_spot<kBlock, kQuadsAtOnce>(spot, shape);
      spot.quad += kQuadsAtOnce;
    }
  }
}

// One row of y, all channels, block by packed block.
void correlate_blocks(WinogradSpot spot, const WinogradCorrelation& shape) {
  const std::size_t weights = static_cast<std::size_t>(kWinogradInputs * shape.kernel_height) *
                              static_cast<std::size_t>(shape.input.channels);
  const std::size_t y_channel = static_cast<std::size_t>(shape.output.pixels()) * kLanes;
  for (int done = 0; done < shape.output.channels;) {
    const int pack = conv2d_block(shape.output.channels - done);
    const float* const packed = spot.w;
    spot.pack = static_cast<std::size_t>(pack);
    for (int part = 0; part < pack;) {
      const int now = std::min(pack - part, kBlockAtOnce);
      spot.w = packed + part;
      if constexpr (kBlockAtOnce == 8) {
        if (now == 8) correlate_row<8>(spot, shape);
      }
      if (now == 4) correlate_row<4>(spot, shape);
      if (now == 2) correlate_row<2>(spot, shape);
      if (now == 1) correlate_row<1>(spot, shape);
      part += now;
      spot.y += static_cast<std::size_t>(now) * y_channel;
      if (spot.start) spot.start += now;
    }
    spot.w = packed + weights * spot.pack;
    done += pack;
  }
}

// Row by row; the transformed rows of x wait in a ring until the kernel has passed them.
HWY_INLINE void correlate(float* y, float* ring, const float* x, const float* packed,
                          const float* start, const WinogradCorrelation& shape,
                          const CorrelationEnds& ends) {
  const std::size_t x_row = static_cast<std::size_t>(shape.input.width) * kLanes;
  const std::size_t x_channel = static_cast<std::size_t>(shape.input.pixels()) * kLanes;
  const std::size_t ring_row = kWinogradInputs * shape.position();
  const auto slot = [&](int row) {
    return ring + static_cast<std::size_t>(row % shape.kernel_height) * ring_row;
  };
  int transformed = 0;  // rows of x
  for (int i = 0; i < shape.output.height; ++i) {
    const int top = i - shape.row_padding;  // the row of x that the kernel's first row meets
    WinogradSpot spot{};
    spot.first_row = std::clamp(-top, 0, shape.kernel_height);
    spot.end_row = std::clamp(shape.input.height - top, spot.first_row, shape.kernel_height);
    for (transformed = std::max(transformed, top); transformed < top + spot.end_row;
         ++transformed) {
      for (int c = 0; c < shape.input.channels; ++c) {
        transform_input(slot(transformed) + static_cast<std::size_t>(c) * shape.channel(),
                        shape.position(),
                        x + static_cast<std::size_t>(c) * x_channel +
                            static_cast<std::size_t>(transformed) * x_row,
                        shape.input.width, shape.column_padding, shape.quads(), shape.lanes);
      }
    }
    for (int ky = spot.first_row; ky < spot.end_row; ++ky) spot.rows[ky] = slot(top + ky);
    spot.w = packed;
    spot.start = start;
    spot.ends = ends;
    spot.y = y + tile_offset(shape.output, 0, i, 0);
    correlate_blocks(spot, shape);
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

// Blocks of `outputs` channels, in each [6][KH][inputs][block]; taps(o, c, ky) points to three
// taps, `step` floats apart.
template <class Taps>
void pack(float* packed, int outputs, int inputs, int kernel_height, int step, const Taps& taps) {
  for (int first = 0; first < outputs;) {
    const int block = conv2d_block(outputs - first);
    for (const auto& g : kWinogradG) {
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
    }
    first += block;
  }
}

// Of the larger of the two correlations: the ring holds as many rows as the kernel.
std::size_t ring_floats(const Conv2dShape& shape) {
  const Shape out = shape.output();
  const auto floats = [&](int channels, int width) {
    return static_cast<std::size_t>(kWinogradInputs * shape.kernel_height * channels) *
           static_cast<std::size_t>(winograd_quads(width)) * kLanes;
  };
  return std::max(floats(shape.input.channels, out.width), floats(out.channels, shape.input.width));
}

}  // namespace

// With fewer channels the transforms cost more than the products that they save.
bool conv2d_winograd_fits(const Conv2dShape& shape) {
  constexpr int kFewestChannels = 4;
  return shape.kernel_width == kWinogradTaps && shape.stride == 1 &&
         shape.kernel_height <= kWinogradTallest && shape.padding <= 2 &&
         std::min(shape.input.channels, shape.out_channels) >= kFewestChannels;
}

// Measured on AVX-512: with 1.8 times fewer products 1.46 times as fast, with 1.5 times 1.22,
// with 1.4 times 1.07, with 1.2 times 1.03, and the direct sum rounds half as coarsely.
bool conv2d_winograd_backward_input_fits(const Conv2dShape& shape) {
  constexpr double kLeast = 1.45;
  const Shape out = shape.output();
  const int direct = out.width * kWinogradTaps;
  const int winograd = winograd_quads(shape.input.width) * kWinogradInputs;
  return conv2d_winograd_fits(shape) && direct >= kLeast * winograd;
}

std::size_t conv2d_winograd_packed(const Conv2dShape& shape) {
  return shape.weights() / kWinogradTaps * kWinogradInputs;
}

std::size_t conv2d_winograd_scratch(const Conv2dShape& shape) {
  const WinogradBands bands(shape);
  return std::max(ring_floats(shape), bands.v() + bands.t() + bands.sums());
}

void conv2d_winograd_pack_forward(float* packed, const float* w, const Conv2dShape& shape) {
  const int taps = shape.kernel_height * shape.kernel_width;
  pack(
      packed, shape.out_channels, shape.input.channels, shape.kernel_height, 1,
      [&](int o, int c, int ky) { return w + o * shape.fan_in() + c * taps + ky * kWinogradTaps; });
}

void conv2d_winograd_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape) {
  const int taps = shape.kernel_height * shape.kernel_width;
  pack(packed, shape.input.channels, shape.out_channels, shape.kernel_height, -1,
       [&](int c, int o, int ky) {  // turned by 180 degrees
         return w + o * shape.fan_in() + (c + 1) * taps - 1 - ky * kWinogradTaps;
       });
}

void conv2d_winograd_forward(float* y, float* scratch, const float* x, const float* packed_forward,
                             const float* bias, const Conv2dShape& shape,
                             const Conv2dOptions& options) {
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_forward)
  (y, scratch, x, packed_forward, bias, shape, options);
}

void conv2d_winograd_backward_input(float* dx, float* scratch, const float* dy,
                                    const float* packed_backward_input, const Conv2dShape& shape,
                                    const Conv2dOptions& options) {
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_backward_input)
  (dx, scratch, dy, packed_backward_input, shape, options);
}

}  // namespace normlab
#endif  // HWY_ONCE
