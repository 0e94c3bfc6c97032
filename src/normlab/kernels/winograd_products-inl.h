// The products of Winograd's algorithms, position by position: a small matrix product, of the
// transformed weights and of runs of transformed vectors that lie together.
#if defined(NORMLAB_KERNELS_WINOGRAD_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_WINOGRAD_PRODUCTS_INL_H_
#undef NORMLAB_KERNELS_WINOGRAD_PRODUCTS_INL_H_
#else
#define NORMLAB_KERNELS_WINOGRAD_PRODUCTS_INL_H_
#endif

#include <algorithm>

#include "normlab/kernels/conv2d_blocks.h"
#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// Eight channels by three vectors are 24 of AVX-512's 32 registers; four by three 12 of AVX2's 16.
inline constexpr int kBlockAtOnce = kManyRegisters ? 8 : 4;

// How many vectors are worked on at once when `left` remain. One alone has too few sums to hide the
// latency, so four go two by two.
constexpr int run_of_vectors(int left) { return left == 4 ? 2 : std::min(left, 3); }

// So many output channels at a time that their products wait in a first-level cache, and that a run
// of transformed vectors is read from the second-level cache once for all of them: with the
// channels outside and the positions inside, 64 to 64 channels on 16x16 took 1.9 times as long
// (AVX2).
inline constexpr int kChannelsAtOnce = 16;
static_assert(kChannelsAtOnce % conv2d_block(kChannelsAtOnce) == 0);

// What is summed up: rows of transformed vectors [C][vectors of the run][kPiece], one for each row
// of the kernel that meets the image.
struct WinogradTerms {
  const float* const* rows;
  int row_count;
  std::size_t at;  // where the position begins in a row
  int channels;
  std::size_t taps;         // weights of an output channel for one position,
  std::size_t skipped;      // of which so many belong to rows of the kernel above the image,
  std::size_t between = 0;  // and so many after each row to what is not summed up
};

// products[b][k][kPiece] = sum over rows, c of w * v, in this order, for one position.
//
// Not inlined: GCC 12 would keep constants of the transforms in registers meanwhile and leave some
// of these sums in memory (169 us instead of 140 for 8x26x26 -> 16).
template <int kBlock, int kVectors>
HWY_NOINLINE void multiply(float* products, const float* w, std::size_t pack,
                           const WinogradTerms& terms) {
  Vector sum[kBlock][kVectors];
  HWY_UNROLL(8)
  for (int b = 0; b < kBlock; ++b) {
    HWY_UNROLL(3)
    for (int k = 0; k < kVectors; ++k) sum[b][k] = hn::Zero(kTag);
  }
  for (int row = 0; row < terms.row_count; ++row, w += terms.between * pack) {
    const float* v = terms.rows[row] + terms.at;
    HWY_UNROLL(1)
    for (int c = 0; c < terms.channels; ++c, v += kVectors * kPiece, w += pack) {
      Vector value[kVectors];
      HWY_UNROLL(3)
      for (int k = 0; k < kVectors; ++k)
        value[k] = load_once(v + static_cast<std::size_t>(k) * kPiece);
      HWY_UNROLL(8)
      for (int b = 0; b < kBlock; ++b) {
        const Vector weight = broadcast(w[b]);
        HWY_UNROLL(3)
        for (int k = 0; k < kVectors; ++k) sum[b][k] = hn::MulAdd(weight, value[k], sum[b][k]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int b = 0; b < kBlock; ++b) {
    HWY_UNROLL(3)
    for (int k = 0; k < kVectors; ++k, products += kPiece) store(sum[b][k], products);
  }
}

// products[channel][k][kPiece] of `channels` output channels for one position.
template <int kVectors>
HWY_INLINE void multiply_channels(float* products, const float* w, int channels,
                                  const WinogradTerms& terms) {
  constexpr std::size_t kChannel = kVectors * kPiece;
  for (int done = 0; done < channels;) {
    const int block = conv2d_block(channels - done);
    const auto pack = static_cast<std::size_t>(block);
    const float* const first = w + terms.skipped * pack;
    if (block == 8) {
      multiply<kBlockAtOnce, kVectors>(products, first, pack, terms);
      if constexpr (kBlockAtOnce == 4)
        multiply<4, kVectors>(products + 4 * kChannel, first + 4, pack, terms);
    }
    if (block == 4) multiply<4, kVectors>(products, first, pack, terms);
    if (block == 2) multiply<2, kVectors>(products, first, pack, terms);
    if (block == 1) multiply<1, kVectors>(products, first, pack, terms);
    products += pack * kChannel;
    w += pack * terms.taps;
    done += block;
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_WINOGRAD_PRODUCTS_INL_H_
