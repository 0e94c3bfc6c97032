// The transforms of Winograd's F(4x4,3x3): those of F(4,3), along rows and then along columns.
#if defined(NORMLAB_KERNELS_WINOGRAD_PATCHES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_WINOGRAD_PATCHES_INL_H_
#undef NORMLAB_KERNELS_WINOGRAD_PATCHES_INL_H_
#else
#define NORMLAB_KERNELS_WINOGRAD_PATCHES_INL_H_
#endif

#include "normlab/kernels/winograd-inl.h"
#include "normlab/kernels/winograd_patches.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// to[i][j] = T z T^T of the kIn x kIn vectors z, kOut x kOut of them, `apart` floats from each
// other: load_row(z_i, i) fills a row of z, transform(out, in) is T of kIn vectors.
template <int kIn, int kOut, class LoadRow, class Transform>
HWY_INLINE void transform_both_ways(float* to, std::size_t apart, const LoadRow& load_row,
                                    const Transform& transform) {
  HWY_ALIGN float rows[kIn][kOut][kPiece];
  for (int i = 0; i < kIn; ++i) {
    Vector in[kIn];
    load_row(in, i);
    Vector out[kOut];
    transform(out, in);
    HWY_UNROLL(6)
    for (int j = 0; j < kOut; ++j) store(out[j], rows[i][j]);
  }
  for (int j = 0; j < kOut; ++j, to += apart) {
    Vector in[kIn];
    HWY_UNROLL(6)
    for (int i = 0; i < kIn; ++i) in[i] = load(rows[i][j]);
    Vector out[kOut];
    transform(out, in);
    HWY_UNROLL(6)
    for (std::size_t i = 0; i < kOut; ++i) store(out[i], to + i * kOut * apart);
  }
}

// The transform [36] of a window into the channel that begins at x, `apart` floats from each other.
HWY_INLINE void transform_window(float* to, std::size_t apart, const float* x,
                                 const WinogradPixels& pixels) {
  HWY_ALIGN static constexpr float kOutside[kPiece] = {};
  const auto load_row = [&](auto& in, int i) HWY_ATTR {
    HWY_UNROLL(6)
    for (int j = 0; j < kWinogradInputs; ++j) {
      const std::ptrdiff_t at = pixels.at[i][j];
      in[j] = load(at < 0 ? kOutside : x + at);
    }
  };
  transform_both_ways<kWinogradInputs, kWinogradInputs>(
      to, apart, load_row, [](auto& out, const auto& in) HWY_ATTR { transform_input(out, in); });
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_WINOGRAD_PATCHES_INL_H_
