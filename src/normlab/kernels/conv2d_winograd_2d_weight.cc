// The gradient of a convolution's weights by Winograd's F(4x4,3x3): the equation in
// conv2d_winograd_2d.h, differentiated by w.
//
// Position by position it is a matrix product: of the transforms of x, [C][patches and samples],
// and those of dy, [patches and samples][O]. With as many channels as it takes for F(4x4,3x3) to
// pay, output channels fill the vectors, and a weight's sum is one number: one per lane, as
// elsewhere, would be 9 MB of sums for 64 to 64 channels. So pixels of dy are turned around first,
// from samples side by side to channels side by side. It might be x instead; but its patches
// overlap, so that 36 numbers would be turned around for 16 of dy.
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

// kPiece lanes and channels of a patch, or as many as there are.
struct PatchBlock {
  WinogradCorner corner;
  int lanes;
  int channels;
};

// t [36][lane][channel] of a block, whose first lane and channel dy points to.
HWY_INLINE void transform_block_of_dy(float* t, const float* dy, const PatchBlock& block,
                                      const WinogradPatchBands& bands) {
  const WinogradWindow window(bands.dy, block.corner, 0);
  const std::size_t channel = tile_offset(window.image, 1, 0, 0);
  const int channels = block.channels;
  HWY_ALIGN float pixels[kWinogradOutputs][kWinogradOutputs][kPiece * kPiece];  // [lane][channel]
  for (int i = 0; i < kWinogradOutputs; ++i) {
    const int row = window.row(i);
    for (int j = 0; j < kWinogradOutputs; ++j) {
      const int column = window.column(j);
      if (window.has_row(row) && window.has_column(column)) {
        turn_around(pixels[i][j], dy + tile_offset(window.image, 0, row, column), channel,
                    channels);
      } else {
        for (std::size_t at = 0; at < kPiece * kPiece; at += kPiece) {
          store(hn::Zero(kTag), pixels[i][j] + at);
        }
      }
    }
  }
  for (int lane = 0; lane < block.lanes; ++lane, t += bands.columns()) {
    const auto load_row = [&](auto& in, int i) HWY_ATTR {
      HWY_UNROLL(4)
      for (int j = 0; j < kWinogradOutputs; ++j) {
        in[j] = load(pixels[i][j] + static_cast<std::size_t>(lane) * kPiece);
      }
    };
    transform_both_ways<kWinogradOutputs, kWinogradInputs>(
        t, bands.t_position(), load_row,
        [](auto& out, const auto& in) HWY_ATTR { transform_upstream(out, in); });
  }
}

// The transforms of dy in the patches of a band: [36][rows][columns].
void transform_band_of_dy(float* t, const float* dy, const PatchBand& band,
                          const WinogradPatchBands& bands) {
  const Shape& image = bands.dy.image;
  constexpr int kStep = static_cast<int>(kPiece);
  for (int patch = 0; patch < band.count; ++patch, t += kLanes * bands.columns()) {
    PatchBlock block{bands.patches.corner(band.first + patch), 0, 0};
    for (int lane = 0; lane < band.lanes; lane += kStep) {
      block.lanes = std::min(kStep, band.lanes - lane);
      float* to = t + static_cast<std::size_t>(lane) * bands.columns();
      for (int o = 0; o < image.channels; o += kStep, to += kPiece) {
        block.channels = std::min(kStep, image.channels - o);
        transform_block_of_dy(to, dy + tile_offset(image, o, 0, 0, lane), block, bands);
      }
    }
  }
}

// The transforms of x around them, of `channels` channels of a phase from the first of x on:
// [36][C][rows].
void transform_band_of_x(float* v, const float* x, int channels, int phase, const PatchBand& band,
                         const WinogradPatchBands& bands) {
  WinogradPixels pixels[WinogradPatchBands::kMost];
  for (int patch = 0; patch < band.count; ++patch) {
    const WinogradCorner corner = bands.patches.corner(band.first + patch);
    pixels[patch] = winograd_pixels(WinogradWindow(bands.x, corner, phase));
  }
  const std::size_t position = bands.v_position();
  const std::size_t channel = tile_offset(bands.x.image, 1, 0, 0);
  const auto lanes = static_cast<std::size_t>(band.lanes);
  for (int c = 0; c < channels; ++c, x += channel) {
    float* to = v + static_cast<std::size_t>(c) * bands.rows();
    for (int patch = 0; patch < band.count; ++patch, to += kLanes) {
      for (std::size_t lane = 0; lane < lanes; lane += kPiece) {
        transform_window(to + lane, position, x + lane, pixels[patch]);
      }
    }
  }
}

// sums[c][k][36][kPiece] = or += the sum over rows of v[c][row] * t[row][k][kPiece], for one of the
// 36 positions; t's rows are `columns` apart. Not inlined for the same reason as in
// winograd_products-inl.h.
template <int kC, int kVectors>
HWY_NOINLINE void add_products(float* sums, const float* v, const float* t, const PatchBand& band,
                               const WinogradPatchBands& bands) {
  const std::size_t columns = bands.columns();
  const std::size_t rows = bands.rows();
  const int lanes = band.lanes;
  Vector sum[kC][kVectors];
  HWY_UNROLL(8)
  for (int c = 0; c < kC; ++c) {
    HWY_UNROLL(3)
    for (int k = 0; k < kVectors; ++k) sum[c][k] = hn::Zero(kTag);
  }
  for (int patch = 0; patch < band.count; ++patch, v += kLanes, t += kLanes * columns) {
    const float* at = v;
    const float* row = t;
    HWY_UNROLL(1)
    for (int lane = 0; lane < lanes; ++lane, ++at, row += columns) {
      Vector upstream[kVectors];
      HWY_UNROLL(3)
      for (int k = 0; k < kVectors; ++k) {
        upstream[k] = load_once(row + static_cast<std::size_t>(k) * kPiece);
      }
      HWY_UNROLL(8)
      for (int c = 0; c < kC; ++c) {
        const Vector value = broadcast(at[static_cast<std::size_t>(c) * rows]);
        HWY_UNROLL(3)
        for (int k = 0; k < kVectors; ++k) sum[c][k] = hn::MulAdd(upstream[k], value, sum[c][k]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int c = 0; c < kC; ++c, sums += bands.channel_sums()) {
    HWY_UNROLL(3)
    for (int k = 0; k < kVectors; ++k) {
      float* const to = sums + static_cast<std::size_t>(k * kWinogradPositions) * kPiece;
      store(band.first == 0 ? sum[c][k] : hn::Add(load(to), sum[c][k]), to);
    }
  }
}

// All columns.
template <int kC>
HWY_INLINE void add_products(float* sums, const float* v, const float* t, const PatchBand& band,
                             const WinogradPatchBands& bands) {
  const int vectors = static_cast<int>(bands.columns() / kPiece);
  for (int done = 0; done < vectors;) {
    const int now = run_of_vectors(vectors - done);
    const std::size_t at = static_cast<std::size_t>(done) * kPiece;
    if (now == 3) add_products<kC, 3>(sums, v, t + at, band, bands);
    if (now == 2) add_products<kC, 2>(sums, v, t + at, band, bands);
    if (now == 1) add_products<kC, 1>(sums, v, t + at, band, bands);
    sums += static_cast<std::size_t>(now * kWinogradPositions) * kPiece;
    done += now;
  }
}

// Of `channels` input channels, for one position.
HWY_INLINE void add_products(float* sums, const float* v, const float* t, int channels,
                             const PatchBand& band, const WinogradPatchBands& bands) {
  while (channels > 0) {
    int now = 1;
    if (channels >= kBlockAtOnce) {
      now = kBlockAtOnce;
      add_products<kBlockAtOnce>(sums, v, t, band, bands);
    } else if (channels >= 4) {
      now = 4;
      add_products<4>(sums, v, t, band, bands);
    } else if (channels >= 2) {
      now = 2;
      add_products<2>(sums, v, t, band, bands);
    } else {
      add_products<1>(sums, v, t, band, bands);
    }
    sums += static_cast<std::size_t>(now) * bands.channel_sums();
    v += static_cast<std::size_t>(now) * bands.rows();
    channels -= now;
  }
}

// The gradients [C][KH][KW][columns] of `channels` input channels, at the taps of one phase, from
// their sums [C][vectors][36][kPiece].
HWY_INLINE void transform_sums(float* gradients, const float* sums, int channels,
                               const WinogradTaps& taps, const WinogradPatchBands& bands) {
  const std::size_t columns = bands.columns();
  const auto kernel =
      static_cast<std::size_t>(bands.shape.kernel_height * bands.shape.kernel_width);
  for (int c = 0; c < channels; ++c, gradients += kernel * columns) {
    for (std::size_t o = 0; o < columns; o += kPiece, sums += kWinogradPositions * kPiece) {
      const auto load_row = [=](auto& in, int i) HWY_ATTR {
        const float* const from = sums + static_cast<std::size_t>(i * kWinogradInputs) * kPiece;
        HWY_UNROLL(6)
        for (std::size_t j = 0; j < kWinogradInputs; ++j) in[j] = load(from + j * kPiece);
      };
      HWY_ALIGN float square[kWinogradSquare][kPiece];
      transform_both_ways<kWinogradInputs, kWinogradTaps>(
          square[0], kPiece, load_row,
          [](auto& out, const auto& in) HWY_ATTR { transform_weight_sums(out, in); });
      for (std::size_t i = 0; i < kWinogradSquare; ++i) {
        if (taps[i] < 0) continue;
        store(load(square[i]), gradients + static_cast<std::size_t>(taps[i]) * columns + o);
      }
    }
  }
}

// dw[o][i] = gradients[i][o], for `count` weights of each output channel.
HWY_INLINE void store_gradients(float* dw, const float* gradients, std::size_t count,
                                const WinogradPatchBands& bands) {
  const auto outputs = static_cast<std::size_t>(bands.shape.out_channels);
  const auto fan_in = static_cast<std::size_t>(bands.shape.fan_in());
  const std::size_t columns = bands.columns();
  for (std::size_t i = 0; i < count; i += kPiece, gradients += kPiece * columns) {
    const std::size_t weights = std::min(kPiece, count - i);
    for (std::size_t o = 0; o < outputs; o += kPiece) {
      HWY_ALIGN float turned[kPiece * kPiece];
      turn_around(turned, gradients + o, columns, static_cast<int>(weights));
      const std::size_t end = std::min(o + kPiece, outputs);
      const float* from = turned;
      for (std::size_t k = o; k < end; ++k, from += kPiece) {
        float* const to = dw + k * fan_in + i;
        if (weights == kPiece) {
          hn::StoreU(load(from), kTag, to);
        } else {
          std::copy_n(from, weights, to);
        }
      }
    }
  }
}

void conv2d_winograd_2d_backward_weight(float* dw, float* scratch, const float* dy, const float* x,
                                        int lanes, const Conv2dShape& shape) {
  const WinogradPatchBands bands(shape);
  float* const v = scratch;
  float* const t = v + kWinogradPositions * bands.v_position();
  float* const all_sums = t + kWinogradPositions * bands.t_position();
  float* const gradients = all_sums + bands.sums();
  const int kernel = shape.kernel_height * shape.kernel_width;
  for (int first = 0; first < bands.patches.count(); first += bands.in_band) {
    const PatchBand band{first, std::min(bands.in_band, bands.patches.count() - first), lanes};
    const bool is_last = first + bands.in_band >= bands.patches.count();
    transform_band_of_dy(t, dy, band, bands);
    float* sums = all_sums;
    for (int c = 0; c < shape.input.channels; c += bands.kInputsAtOnce) {
      const int channels = std::min(bands.kInputsAtOnce, shape.input.channels - c);
      for (int phase = 0; phase < bands.x.phases(); ++phase) {
        transform_band_of_x(v, x + tile_offset(bands.x.image, c, 0, 0), channels, phase, band,
                            bands);
        for (int position = 0; position < kWinogradPositions; ++position) {
          if (winograd_is_zero(shape, position, phase, kWinogradInputs - 1)) continue;
          const auto at = static_cast<std::size_t>(position);
          add_products(sums + at * kPiece, v + at * bands.v_position(), t + at * bands.t_position(),
                       channels, band, bands);
        }
        if (is_last) transform_sums(gradients, sums, channels, winograd_taps(shape, phase), bands);
        if (!bands.is_one()) sums += static_cast<std::size_t>(channels) * bands.channel_sums();
      }
      if (is_last) {
        store_gradients(dw + c * kernel, gradients, static_cast<std::size_t>(channels * kernel),
                        bands);
      }
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
