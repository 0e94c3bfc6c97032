#include "normlab/kernels/conv2d_winograd_2d.h"

#include <algorithm>

#include "normlab/kernels/winograd_patches.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd_2d.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/conv2d_ends-inl.h"
#include "normlab/kernels/winograd_patches-inl.h"
#include "normlab/kernels/winograd_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// A correlation of every phase of one grid with kernels of 3x3: the forward pass, or the gradient
// of the input with the kernels turned.
struct PatchCorrelation {
  Conv2dShape convolution;
  WinogradGrid from;
  WinogradGrid to;
  std::size_t lanes;  // that hold samples
  const float* w;     // packed
  const float* bias;  // or null
  CorrelationEnds ends;

  int pieces() const { return static_cast<int>((lanes + kPiece - 1) / kPiece); }
  // All patches as vectors, in the order in which they lie in x: patch by patch, piece by piece.
  int vectors() const { return WinogradPatches(to).count() * pieces(); }

  // The phases of x whose kernels have a weight at a position.
  WinogradPhaseRuns phase_runs(int position) const {
    if (from.phases() == 1) return {1, 1};
    return winograd_phase_runs(convolution, position);
  }
  // Whether no kernel of output channels [first, first + channels) has.
  bool is_zero(int position, int first, int channels) const {
    if (to.phases() == 1) return false;
    bool zero = true;
    const int last = (first + channels - 1) / to.image.channels;
    for (int phase = first / to.image.channels; phase <= last; ++phase) {
      zero = zero && winograd_is_zero(convolution, position, phase, 0);
    }
    return zero;
  }
};

// Floats between positions: a cache line more than the numbers, as 36 places a multiple of 4 kB or
// 2 kB apart would share a few sets of the first-level cache.
constexpr std::size_t between_positions(int channels, int vectors) {
  return static_cast<std::size_t>(channels * vectors) * kPiece + kLanes;
}

// A vector: a patch, and the piece of its lanes.
struct PatchVector {
  WinogradCorner corner;
  std::size_t lane;
};

// The transforms [36][channels][kVectors][kPiece] of a run of vectors.
template <int kVectors>
HWY_INLINE void transform_run(float* v, const float* x, const PatchVector (&run)[kVectors],
                              const WinogradGrid& grid) {
  const std::size_t position = between_positions(grid.channels(), kVectors);
  const std::size_t channel = tile_offset(grid.image, 1, 0, 0);
  const int channels = grid.image.channels;
  for (int phase = 0; phase < grid.phases(); ++phase) {
    WinogradPixels pixels[kVectors];
    for (int k = 0; k < kVectors; ++k) {
      pixels[k] = winograd_pixels(WinogradWindow(grid, run[k].corner, phase));
    }
    const float* from = x;
    for (int c = 0; c < channels; ++c, from += channel) {
      HWY_UNROLL(1)
      for (int k = 0; k < kVectors; ++k, v += kPiece) {
        transform_window(v, position, from + run[k].lane, pixels[k]);
      }
    }
  }
}

// The 4x4 numbers of a patch; what sticks out of the image is left.
HWY_INLINE void store_patch(float* y,
                            const float (&sums)[kWinogradOutputs][kWinogradOutputs][kPiece],
                            const Vector& start, const WinogradWindow& window,
                            const CorrelationEnds& ends) {
  for (int i = 0; i < kWinogradOutputs; ++i) {
    const int row = window.row(i);
    if (!window.has_row(row)) continue;
    float* const to_row = y + tile_offset(window.image, 0, row, 0);
    for (int j = 0; j < kWinogradOutputs; ++j) {
      const int column = window.column(j);
      if (!window.has_column(column)) continue;
      float* const to = to_row + static_cast<std::size_t>(column) * kLanes;
      store(finished(hn::Add(load(sums[i][j]), start), to, ends), to);
    }
  }
}

// y of a run and of output channels [first, first + channels) from their products
// [36][kChannelsAtOnce][kVectors][kPiece].
template <int kVectors>
HWY_INLINE void transform_products(float* y, const float* products,
                                   const PatchVector (&run)[kVectors], int first, int channels,
                                   const PatchCorrelation& shape) {
  constexpr std::size_t kPosition = between_positions(kChannelsAtOnce, kVectors);
  // Copies: a stored vector may alias anything, and what it may have changed is read again.
  const CorrelationEnds ends = shape.ends;
  const WinogradGrid grid = shape.to;
  for (int channel = first; channel < first + channels; ++channel) {
    const int phase = channel / grid.image.channels;
    const int o = channel % grid.image.channels;
    float* const to = y + tile_offset(grid.image, o, 0, 0);
    const Vector start = shape.bias ? broadcast(shape.bias[o]) : hn::Zero(kTag);
    HWY_UNROLL(1)
    for (int k = 0; k < kVectors; ++k, products += kPiece) {
      const auto load_row = [&](auto& m, int i) HWY_ATTR {
        const float* const from =
            products + static_cast<std::size_t>(i * kWinogradInputs) * kPosition;
        HWY_UNROLL(6)
        for (std::size_t j = 0; j < kWinogradInputs; ++j) m[j] = load(from + j * kPosition);
      };
      HWY_ALIGN float sums[kWinogradOutputs][kWinogradOutputs][kPiece];
      transform_both_ways<kWinogradInputs, kWinogradOutputs>(
          sums[0][0], kPiece, load_row,
          [](auto& out, const auto& in) HWY_ATTR { transform_output(out, in); });
      store_patch(to + run[k].lane, sums, start, WinogradWindow(grid, run[k].corner, phase), ends);
    }
  }
}

// products [channels][kVectors][kPiece] of output channels from `first` on, for one position. w
// points to its weights, which are packed for every phase of x.
template <int kVectors>
HWY_INLINE void multiply_position(float* products, const float* w, const float* v, int position,
                                  int first, int channels, const PatchCorrelation& shape) {
  if (shape.is_zero(position, first, channels)) {
    std::fill_n(products, static_cast<std::size_t>(channels) * kVectors * kPiece, 0.0f);
    return;
  }
  const WinogradPhaseRuns runs = shape.phase_runs(position);
  const int stride = shape.from.step;
  const auto phase = static_cast<std::size_t>(shape.from.image.channels);
  const float* rows[kWinogradLargestStride];
  for (int i = 0; i < runs.count; ++i) {
    rows[i] = v + static_cast<std::size_t>(i * stride) * phase * kVectors * kPiece;
  }
  multiply_channels<kVectors>(products, w, channels,
                              {.rows = rows,
                               .row_count = runs.count,
                               .at = 0,
                               .channels = runs.phases * shape.from.image.channels,
                               .taps = static_cast<std::size_t>(shape.from.channels()),
                               .skipped = 0,
                               .between = static_cast<std::size_t>(stride - runs.phases) * phase});
}

template <int kVectors>
HWY_INLINE void correlate_run(float* y, float* scratch, const float* x, int vector,
                              const PatchCorrelation& shape) {
  const WinogradPatches patches(shape.to);
  PatchVector run[kVectors];
  for (int k = 0; k < kVectors; ++k, ++vector) {
    run[k] = {patches.corner(vector / shape.pieces()),
              static_cast<std::size_t>(vector % shape.pieces()) * kPiece};
  }
  constexpr std::size_t kPosition = between_positions(kChannelsAtOnce, kVectors);
  const auto inputs = static_cast<std::size_t>(shape.from.channels());
  const int outputs = shape.to.channels();
  const std::size_t v_position = between_positions(shape.from.channels(), kVectors);
  float* const products = scratch + kWinogradPositions * v_position;
  transform_run<kVectors>(scratch, x, run, shape.from);
  for (int first = 0; first < outputs; first += kChannelsAtOnce) {
    const int channels = std::min(kChannelsAtOnce, outputs - first);
    const float* w = shape.w + static_cast<std::size_t>(first) * inputs;
    for (int position = 0; position < kWinogradPositions; ++position) {
      const auto at = static_cast<std::size_t>(position);
      multiply_position<kVectors>(products + at * kPosition, w, scratch + at * v_position, position,
                                  first, channels, shape);
      w += winograd_weights_position(shape.from.channels(), outputs);
    }
    transform_products<kVectors>(y, products, run, first, channels, shape);
  }
}

void correlate(float* y, float* scratch, const float* x, const PatchCorrelation& shape) {
  const int vectors = shape.vectors();
  for (int vector = 0; vector < vectors;) {
    const int now = run_of_vectors(vectors - vector);
    if (now == 3) correlate_run<3>(y, scratch, x, vector, shape);
    if (now == 2) correlate_run<2>(y, scratch, x, vector, shape);
    if (now == 1) correlate_run<1>(y, scratch, x, vector, shape);
    vector += now;
  }
}

void conv2d_winograd_2d_forward(float* y, float* scratch, const float* x,
                                const float* packed_forward, const float* bias,
                                const Conv2dShape& shape, const Conv2dOptions& options) {
  const WinogradGrids grids = winograd_forward_grids(shape);
  correlate(y, scratch, x,
            {.convolution = shape,
             .from = grids.from,
             .to = grids.to,
             .lanes = static_cast<std::size_t>(options.lanes),
             .w = packed_forward,
             .bias = bias,
             .ends = {.relu = options.relu}});
}

void conv2d_winograd_2d_backward_input(float* dx, float* scratch, const float* dy,
                                       const float* packed_backward_input, const Conv2dShape& shape,
                                       const Conv2dOptions& options) {
  const WinogradGrids grids = winograd_backward_grids(shape);
  correlate(dx, scratch, dy,
            {.convolution = shape,
             .from = grids.from,
             .to = grids.to,
             .lanes = static_cast<std::size_t>(options.lanes),
             .w = packed_backward_input,
             .bias = nullptr,
             .ends = {.y = dx, .relu_output = options.relu_output}});
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {

HWY_EXPORT(conv2d_winograd_2d_forward);
HWY_EXPORT(conv2d_winograd_2d_backward_input);

// Of a run of three vectors and its products.
std::size_t run_floats(int inputs) {
  return kWinogradPositions * static_cast<std::size_t>((inputs + 16) * 3 + 2) * kLanes;
}

// Whether the patches take fewer products than what is computed otherwise, of one pair of channels:
// F(4,3) along rows without a stride, and the direct sum with one. Patches that stick out of a
// small image are computed whole.
bool patches_pay(const WinogradGrid& to, const Conv2dShape& shape) {
  constexpr double kLeast = 1.5;
  const Shape out = shape.output();
  const int patches =
      kWinogradPositions * WinogradPatches(to).count() * shape.stride * shape.stride;
  const int otherwise = shape.stride == 1 ? kWinogradInputs * kWinogradTaps *
                                                winograd_quads(to.image.width) * to.image.height
                                          : shape.kernel_height * shape.kernel_width * out.pixels();
  return otherwise >= kLeast * patches;
}

}  // namespace

bool conv2d_winograd_2d_fits(const Conv2dShape& shape) {
  constexpr int kFewestChannels = 32;
  const auto has_three_taps = [&](int kernel) {
    return kernel > (kWinogradTaps - 1) * shape.stride && kernel <= kWinogradTaps * shape.stride;
  };
  const WinogradGrids grids = winograd_forward_grids(shape);
  return shape.stride <= kWinogradLargestStride && has_three_taps(shape.kernel_height) &&
         has_three_taps(shape.kernel_width) &&
         std::min(grids.from.channels(), grids.to.channels()) >= kFewestChannels &&
         patches_pay(grids.to, shape);
}

bool conv2d_winograd_2d_backward_input_fits(const Conv2dShape& shape) {
  return conv2d_winograd_2d_fits(shape) && patches_pay(winograd_backward_grids(shape).to, shape);
}

std::size_t conv2d_winograd_2d_packed(const Conv2dShape& shape) {
  const int channels = winograd_forward_grids(shape).from.channels();
  return kWinogradPositions * winograd_weights_position(channels, shape.out_channels);
}

std::size_t conv2d_winograd_2d_scratch(const Conv2dShape& shape) {
  return std::max({run_floats(winograd_forward_grids(shape).from.channels()),
                   run_floats(shape.out_channels), WinogradPatchBands(shape).floats()});
}

void conv2d_winograd_2d_forward(float* y, float* scratch, const float* x,
                                const float* packed_forward, const float* bias,
                                const Conv2dShape& shape, const Conv2dOptions& options) {
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_2d_forward)
  (y, scratch, x, packed_forward, bias, shape, options);
}

void conv2d_winograd_2d_backward_input(float* dx, float* scratch, const float* dy,
                                       const float* packed_backward_input, const Conv2dShape& shape,
                                       const Conv2dOptions& options) {
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_2d_backward_input)
  (dx, scratch, dy, packed_backward_input, shape, options);
}

}  // namespace normlab
#endif  // HWY_ONCE
