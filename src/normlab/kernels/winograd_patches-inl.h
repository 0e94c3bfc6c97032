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

// Row i of a window into the channel that begins at x; zero outside the image.
template <int kCount>
HWY_INLINE void load_window_row(Vector (&pixels)[kCount], const float* x, int i,
                                const WinogradWindow& window) {
  const int row = window.row(i);
  const bool inside = window.has_row(row);
  load_pixels(pixels, x + (inside ? tile_offset(window.image, 0, row, 0) : 0), window.first_column,
              inside ? window.image.width : 0, window.step);
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_WINOGRAD_PATCHES_INL_H_
