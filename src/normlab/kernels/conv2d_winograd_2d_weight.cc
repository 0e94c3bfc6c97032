// The gradient of a convolution's weights by Winograd's F(4x4,3x3): the equation in
// conv2d_winograd_2d.h, differentiated by w.
//
// Position by position it is a matrix product: of the transforms of dy, [O][patches and samples],
// and those of x, [patches and samples][C]. With as many channels as it takes for F(4x4,3x3) to
// pay, input channels fill the vectors, and a weight's sum is one number: one per lane, as
// elsewhere, would be 9 MB of sums for 64 to 64 channels. So pixels of x are turned around first,
// from samples side by side to channels side by side.
//
// Patches go in bands. A weight's sum over a band runs through its patches and their samples in
// order; the bands' sums are added up in order. Unused lanes are passed over.
#include <algorithm>

#include "normlab/kernels/conv2d_winograd_2d.h"
#include "normlab/kernels/winograd_patches.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_winograd_2d_weight.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/winograd_patches-inl.h"
#include "normlab/kernels/winograd_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// to[lane][kPiece] = x of lanes [0, kPiece) and channels [0, channels), which stand `apart` floats
// from each other; the channels that are missing are 0.
HWY_INLINE void turn_around(float* to, const float* x, std::size_t apart, int channels) {
#if HWY_TARGET == HWY_SCALAR
  to[0] = channels > 0 ? x[0] : 0.0f;
  (void)apart;
#else
  const hn::RepartitionToWide<Tag> pairs;
  const hn::CappedTag<float, 4> four;
  for (std::size_t group = 0; group < kPiece; group += 4) {
    Vector c[4];
    for (std::size_t k = 0; k < 4; ++k) {
      const bool exists = static_cast<int>(group + k) < channels;
      c[k] = exists ? load(x + (group + k) * apart) : hn::Zero(kTag);
    }
    const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(kTag, c[0], c[1]));
    const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(kTag, c[0], c[1]));
    const auto cd_low = hn::BitCast(pairs, hn::InterleaveLower(kTag, c[2], c[3]));
    const auto cd_high = hn::BitCast(pairs, hn::InterleaveUpper(kTag, c[2], c[3]));
    // Four channels of lanes 0, 4, 8 .., of lanes 1, 5, 9 .., and so on.
    HWY_ALIGN float lanes[4][kPiece];
    store(hn::BitCast(kTag, hn::InterleaveLower(pairs, ab_low, cd_low)), lanes[0]);
    store(hn::BitCast(kTag, hn::InterleaveUpper(pairs, ab_low, cd_low)), lanes[1]);
    store(hn::BitCast(kTag, hn::InterleaveLower(pairs, ab_high, cd_high)), lanes[2]);
    store(hn::BitCast(kTag, hn::InterleaveUpper(pairs, ab_high, cd_high)), lanes[3]);
    for (std::size_t lane = 0; lane < kPiece; ++lane) {
      hn::Store(hn::Load(four, lanes[lane % 4] + lane / 4 * 4), four, to + lane * kPiece + group);
    }
  }
#endif
}

// Patches [first, first + count) and the lanes that hold samples.
struct PatchBand {
  int first;
  int count;
  int lanes;
};

// kPiece lanes and channels of a patch of a phase, or as many as there are.
struct PatchBlock {
  WinogradCorner corner;
  int phase;
  int lanes;
  int channels;
};

// v [36][lane][channel] of a block, whose first lane and channel x points to.
HWY_INLINE void transform_block_of_x(float* v, const float* x, const PatchBlock& block,
                                     const WinogradPatchBands& bands) {
  const WinogradWindow window(bands.x, block.corner, block.phase);
  const std::size_t channel = tile_offset(window.image, 1, 0, 0);
  const int channels = block.channels;
  HWY_ALIGN float pixels[kWinogradInputs][kWinogradInputs][kPiece * kPiece];  // [lane][channel]
  for (int i = 0; i < kWinogradInputs; ++i) {
    const int row = window.row(i);
    for (int j = 0; j < kWinogradInputs; ++j) {
      const int column = window.column(j);
      if (window.has_row(row) && window.has_column(column)) {
        turn_around(pixels[i][j], x + tile_offset(window.image, 0, row, column), channel, channels);
      } else {
        for (std::size_t at = 0; at < kPiece * kPiece; at += kPiece) {
          store(hn::Zero(kTag), pixels[i][j] + at);
        }
      }
    }
  }
  for (int lane = 0; lane < block.lanes; ++lane, v += bands.columns()) {
    const auto load_row = [&](auto& in, int i) HWY_ATTR {
      HWY_UNROLL(6)
      for (int j = 0; j < kWinogradInputs; ++j) {
        in[j] = load(pixels[i][j] + static_cast<std::size_t>(lane) * kPiece);
      }
    };
    transform_both_ways<kWinogradInputs, kWinogradInputs>(
        v, bands.v_position(), load_row,
        [](auto& out, const auto& in) HWY_ATTR { transform_input(out, in); });
  }
}

// The transforms of x around the patches of a band: [36][rows][columns].
void transform_band_of_x(float* v, const float* x, const PatchBand& band,
                         const WinogradPatchBands& bands) {
  const Shape& image = bands.x.image;
  constexpr int kStep = static_cast<int>(kPiece);
  for (int patch = 0; patch < band.count; ++patch, v += kLanes * bands.columns()) {
    PatchBlock block{bands.patches.corner(band.first + patch), 0, 0, 0};
    for (int lane = 0; lane < band.lanes; lane += kStep) {
      block.lanes = std::min(kStep, band.lanes - lane);
      float* const rows = v + static_cast<std::size_t>(lane) * bands.columns();
      for (block.phase = 0; block.phase < bands.x.phases(); ++block.phase) {
        float* to = rows + static_cast<std::size_t>(block.phase) * bands.phase_columns();
        for (int c = 0; c < image.channels; c += kStep, to += kPiece) {
          block.channels = std::min(kStep, image.channels - c);
          transform_block_of_x(to, x + tile_offset(image, c, 0, 0, lane), block, bands);
        }
      }
    }
  }
}

// The transforms of dy in them, of `outputs` output channels from the first of dy on:
// [36][O][rows].
void transform_band_of_dy(float* t, const float* dy, int outputs, const PatchBand& band,
                          const WinogradPatchBands& bands) {
  for (int o = 0; o < outputs; ++o, dy += tile_offset(bands.dy.image, 1, 0, 0)) {
    float* to = t + static_cast<std::size_t>(o) * bands.rows();
    for (int patch = 0; patch < band.count; ++patch, to += kLanes) {
      const WinogradWindow window(bands.dy, bands.patches.corner(band.first + patch), 0);
      for (std::size_t lane = 0; lane < static_cast<std::size_t>(band.lanes); lane += kPiece) {
        const float* const first = dy + lane;
        const auto load_row = [=](auto& in, int i)
                                  HWY_ATTR { load_window_row(in, first, i, window); };
        transform_both_ways<kWinogradOutputs, kWinogradInputs>(
            to + lane, bands.t_position(), load_row,
            [](auto& out, const auto& in) HWY_ATTR { transform_upstream(out, in); });
      }
    }
  }
}

// sums[o][k][36][kPiece] = or += the sum over rows of t[o][row] * v[row][k][kPiece], for one of the
// 36 positions; v's rows are `columns` apart. Not inlined for the same reason as in
// winograd_products-inl.h.
template <int kO, int kVectors>
HWY_NOINLINE void add_products(float* sums, const float* t, const float* v, const PatchBand& band,
                               const WinogradPatchBands& bands) {
  const std::size_t columns = bands.columns();
  const std::size_t rows = bands.rows();
  const int lanes = band.lanes;
  Vector sum[kO][kVectors];
  HWY_UNROLL(8)
  for (int o = 0; o < kO; ++o) {
    HWY_UNROLL(3)
    for (int k = 0; k < kVectors; ++k) sum[o][k] = hn::Zero(kTag);
  }
  for (int patch = 0; patch < band.count; ++patch, t += kLanes, v += kLanes * columns) {
    const float* at = t;
    const float* row = v;
    HWY_UNROLL(1)
    for (int lane = 0; lane < lanes; ++lane, ++at, row += columns) {
      Vector value[kVectors];
      HWY_UNROLL(3)
      for (int k = 0; k < kVectors; ++k) {
        value[k] = load_once(row + static_cast<std::size_t>(k) * kPiece);
      }
      HWY_UNROLL(8)
      for (int o = 0; o < kO; ++o) {
        const Vector upstream = broadcast(at[static_cast<std::size_t>(o) * rows]);
        HWY_UNROLL(3)
        for (int k = 0; k < kVectors; ++k) sum[o][k] = hn::MulAdd(upstream, value[k], sum[o][k]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int o = 0; o < kO; ++o, sums += kWinogradPositions * columns) {
    HWY_UNROLL(3)
    for (int k = 0; k < kVectors; ++k) {
      float* const to = sums + static_cast<std::size_t>(k * kWinogradPositions) * kPiece;
      store(band.first == 0 ? sum[o][k] : hn::Add(load(to), sum[o][k]), to);
    }
  }
}

// Of the first `vectors` of the columns.
template <int kO>
HWY_INLINE void add_products(float* sums, const float* t, const float* v, int vectors,
                             const PatchBand& band, const WinogradPatchBands& bands) {
  for (int done = 0; done < vectors;) {
    const int now = run_of_vectors(vectors - done);
    const std::size_t at = static_cast<std::size_t>(done) * kPiece;
    if (now == 3) add_products<kO, 3>(sums, t, v + at, band, bands);
    if (now == 2) add_products<kO, 2>(sums, t, v + at, band, bands);
    if (now == 1) add_products<kO, 1>(sums, t, v + at, band, bands);
    sums += static_cast<std::size_t>(now * kWinogradPositions) * kPiece;
    done += now;
  }
}

// Of `outputs` output channels, for one position.
HWY_INLINE void add_products(float* sums, const float* t, const float* v, int outputs, int vectors,
                             const PatchBand& band, const WinogradPatchBands& bands) {
  while (outputs > 0) {
    int now = 1;
    if (outputs >= kBlockAtOnce) {
      now = kBlockAtOnce;
      add_products<kBlockAtOnce>(sums, t, v, vectors, band, bands);
    } else if (outputs >= 4) {
      now = 4;
      add_products<4>(sums, t, v, vectors, band, bands);
    } else if (outputs >= 2) {
      now = 2;
      add_products<2>(sums, t, v, vectors, band, bands);
    } else {
      add_products<1>(sums, t, v, vectors, band, bands);
    }
    sums += static_cast<std::size_t>(now * kWinogradPositions) * bands.columns();
    t += static_cast<std::size_t>(now) * bands.rows();
    outputs -= now;
  }
}

// dw of one output channel and phase from its sums [vectors of the phase][36][kPiece].
HWY_INLINE void finish(float* dw, const float* sums, const WinogradTaps& taps,
                       const WinogradPatchBands& bands) {
  const int channels = bands.shape.input.channels;
  const int kernel = bands.shape.kernel_height * bands.shape.kernel_width;
  constexpr int kStep = static_cast<int>(kPiece);
  for (int c = 0; c < channels; c += kStep, sums += kWinogradPositions * kPiece) {
    const auto load_row = [&](auto& in, int i) HWY_ATTR {
      const float* const from = sums + static_cast<std::size_t>(i * kWinogradInputs) * kPiece;
      HWY_UNROLL(6)
      for (std::size_t j = 0; j < kWinogradInputs; ++j) in[j] = load(from + j * kPiece);
    };
    HWY_ALIGN float gradients[kWinogradSquare][kPiece];
    transform_both_ways<kWinogradInputs, kWinogradTaps>(
        gradients[0], kPiece, load_row,
        [](auto& out, const auto& in) HWY_ATTR { transform_weight_sums(out, in); });
    const int count = std::min(kStep, channels - c);
    for (std::size_t i = 0; i < kWinogradSquare; ++i) {
      if (taps[i] < 0) continue;
      float* to = dw + c * kernel + taps[i];
      for (int k = 0; k < count; ++k, to += kernel) *to = gradients[i][k];
    }
  }
}

// dw of `outputs` output channels from their sums.
HWY_INLINE void finish(float* dw, const float* sums, int outputs, const WinogradPatchBands& bands) {
  for (int phase = 0; phase < bands.x.phases(); ++phase) {
    const WinogradTaps taps = winograd_taps(bands.shape, phase);
    const float* of_phase =
        sums + static_cast<std::size_t>(phase * kWinogradPositions) * bands.phase_columns();
    for (int o = 0; o < outputs; ++o, of_phase += kWinogradPositions * bands.columns()) {
      finish(dw + o * bands.shape.fan_in(), of_phase, taps, bands);
    }
  }
}

void conv2d_winograd_2d_backward_weight(float* dw, float* scratch, const float* dy, const float* x,
                                        int lanes, const Conv2dShape& shape) {
  const WinogradPatchBands bands(shape);
  float* const v = scratch;
  float* const t = v + kWinogradPositions * bands.v_position();
  float* const sums = t + kWinogradPositions * bands.t_position();
  for (int first = 0; first < bands.patches.count(); first += bands.in_band) {
    const PatchBand band{first, std::min(bands.in_band, bands.patches.count() - first), lanes};
    const bool is_last = first + bands.in_band >= bands.patches.count();
    transform_band_of_x(v, x, band, bands);
    for (int o = 0; o < shape.out_channels; o += bands.outputs_at_once()) {
      const int outputs = std::min(bands.outputs_at_once(), shape.out_channels - o);
      const int waiting = bands.is_one() ? 0 : o;  // output channels whose sums are kept
      float* const of_block =
          sums + static_cast<std::size_t>(waiting * kWinogradPositions) * bands.columns();
      transform_band_of_dy(t, dy + tile_offset(bands.dy.image, o, 0, 0), outputs, band, bands);
      for (int position = 0; position < kWinogradPositions; ++position) {
        const auto at = static_cast<std::size_t>(position);
        const WinogradPhaseRuns runs = winograd_phase_runs(shape, position);
        const std::size_t columns = static_cast<std::size_t>(runs.phases) * bands.phase_columns();
        for (int run = 0; run < runs.count; ++run) {
          const std::size_t column =
              static_cast<std::size_t>(run * shape.stride) * bands.phase_columns();
          add_products(of_block + column * kWinogradPositions + at * kPiece,
                       t + at * bands.t_position(), v + at * bands.v_position() + column, outputs,
                       static_cast<int>(columns / kPiece), band, bands);
        }
      }
      if (is_last) finish(dw + o * shape.fan_in(), of_block, outputs, bands);
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(conv2d_winograd_2d_backward_weight);
}  // namespace

void conv2d_winograd_2d_backward_weight(float* dw, float* scratch, const float* dy, const float* x,
                                        int lanes, const Conv2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(conv2d_winograd_2d_backward_weight)(dw, scratch, dy, x, lanes, shape);
}

}  // namespace normlab
#endif  // HWY_ONCE
