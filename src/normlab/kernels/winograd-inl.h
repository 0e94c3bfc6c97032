// The transforms of Winograd's F(4,3) on rows of a tile, shared by conv2d_winograd.cc and
// conv2d_winograd_weight.cc.
//
// Every row of B^T is scaled so that its largest factor is a power of two close to 1, and G takes
// the scale back; scaling by powers of two rounds nothing.
#if defined(NORMLAB_KERNELS_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_WINOGRAD_INL_H_
#undef NORMLAB_KERNELS_WINOGRAD_INL_H_
#else
#define NORMLAB_KERNELS_WINOGRAD_INL_H_
#endif

#include "normlab/kernels/tile-inl.h"
#include "normlab/kernels/winograd_constants.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// What the pixels of a channel are once loaded: as they stand, or normalized by the channel's terms
// (Conv2dInput::norm), of lanes piece .. piece + kPiece.
struct PlainPixels {
  HWY_INLINE PlainPixels(const float*, int, std::size_t) {}
  HWY_INLINE Vector operator()(Vector x) const { return x; }
};
struct NormalizedPixels {
  HWY_INLINE NormalizedPixels(const float* norm, int c, std::size_t piece)
      : center(load(norm + 3 * c * kLanes + piece)),
        slope(load(norm + (3 * c + 1) * kLanes + piece)),
        shift(load(norm + (3 * c + 2) * kLanes + piece)) {}
  HWY_INLINE Vector operator()(Vector x) const {
    return hn::MulAdd(hn::Sub(x, center), slope, shift);
  }

  Vector center;
  Vector slope;
  Vector shift;
};

// Pixels of a row of `width` pixels, from `first` on; zero outside.
template <int kCount, class Pixels>
HWY_INLINE void load_pixels(Vector (&pixels)[kCount], const float* row, int first, int width,
                            const Pixels& loaded) {
  if (first >= 0 && first + kCount <= width) {
    HWY_UNROLL(6)
    for (int k = 0; k < kCount; ++k) pixels[k] = loaded(load(row + (first + k) * kLanes));
    return;
  }
  for (int k = 0; k < kCount; ++k) {
    const int at = first + k;
    const bool inside = at >= 0 && at < width;
    pixels[k] = inside ? loaded(load(row + at * kLanes)) : hn::Zero(kTag);
  }
}

// v = B^T x:
//   1/4 x0 - 5/4 x2 + x4
//   (x4 - 1/4 x2) + (x3 - 1/4 x1)
//   (x4 - 1/4 x2) - (x3 - 1/4 x1)
//   2 (x4 - x2) + (x3 - x1)
//   2 (x4 - x2) - (x3 - x1)
//   1/4 x1 - 5/4 x3 + x5
HWY_INLINE void transform_input(Vector (&v)[kWinogradInputs], const Vector (&x)[kWinogradInputs]) {
  const Vector quarter = broadcast(0.25f);
  const Vector five_quarters = broadcast(1.25f);
  const Vector two = broadcast(2.0f);
  const Vector even = hn::NegMulAdd(quarter, x[2], x[4]);
  const Vector odd = hn::NegMulAdd(quarter, x[1], x[3]);
  const Vector even_step = hn::Sub(x[4], x[2]);
  const Vector odd_step = hn::Sub(x[3], x[1]);
  v[0] = hn::MulAdd(quarter, x[0], hn::NegMulAdd(five_quarters, x[2], x[4]));
  v[1] = hn::Add(even, odd);
  v[2] = hn::Sub(even, odd);
  v[3] = hn::MulAdd(two, even_step, odd_step);
  v[4] = hn::MulSub(two, even_step, odd_step);
  v[5] = hn::MulAdd(quarter, x[1], hn::NegMulAdd(five_quarters, x[3], x[5]));
}

// y[0..3] = A^T m
HWY_INLINE void transform_output(Vector (&y)[kWinogradOutputs],
                                 const Vector (&m)[kWinogradInputs]) {
  const Vector sum = hn::Add(m[1], m[2]);
  const Vector difference = hn::Sub(m[1], m[2]);
  const Vector half_sum = hn::Add(m[3], m[4]);
  const Vector half_difference = hn::Sub(m[3], m[4]);
  y[0] = hn::Add(hn::Add(m[0], sum), half_sum);
  y[1] = hn::MulAdd(broadcast(0.5f), half_difference, difference);
  y[2] = hn::MulAdd(broadcast(0.25f), half_sum, sum);
  y[3] = hn::Add(hn::MulAdd(broadcast(0.125f), half_difference, difference), m[5]);
}

// t = A dy, the transpose of transform_output.
HWY_INLINE void transform_upstream(Vector (&t)[kWinogradInputs],
                                   const Vector (&dy)[kWinogradOutputs]) {
  const Vector even = hn::Add(dy[0], dy[2]);
  const Vector odd = hn::Add(dy[1], dy[3]);
  const Vector half_even = hn::MulAdd(broadcast(0.25f), dy[2], dy[0]);
  const Vector half_odd = hn::MulAdd(broadcast(0.125f), dy[3], hn::Mul(broadcast(0.5f), dy[1]));
  t[0] = dy[0];
  t[1] = hn::Add(even, odd);
  t[2] = hn::Sub(even, odd);
  t[3] = hn::Add(half_even, half_odd);
  t[4] = hn::Sub(half_even, half_odd);
  t[5] = dy[3];
}

// dw = G^T sums:
//   4 s0 + 2/3 (s1 + s2) - 4/3 (s3 + s4)
//   2/3 ((s1 - s2) - (s3 - s4))
//   2/3 (s1 + s2) - 1/3 (s3 + s4) + s5
HWY_INLINE void transform_weight_sums(Vector (&dw)[kWinogradTaps],
                                      const Vector (&sums)[kWinogradInputs]) {
  const Vector two_thirds = broadcast(2.0f / 3);
  const Vector sum = hn::Mul(two_thirds, hn::Add(sums[1], sums[2]));
  const Vector half_sum = hn::Add(sums[3], sums[4]);
  const Vector difference = hn::Sub(sums[1], sums[2]);
  const Vector half_difference = hn::Sub(sums[3], sums[4]);
  dw[0] = hn::MulAdd(broadcast(4.0f), sums[0], hn::NegMulAdd(broadcast(4.0f / 3), half_sum, sum));
  dw[1] = hn::Mul(two_thirds, hn::Sub(difference, half_difference));
  dw[2] = hn::Add(hn::NegMulAdd(broadcast(1.0f / 3), half_sum, sum), sums[5]);
}

// The six numbers of a quad, `apart` floats from each other.
HWY_INLINE void store_positions(float* to, std::size_t apart,
                                const Vector (&positions)[kWinogradInputs]) {
  HWY_UNROLL(6)
  for (std::size_t k = 0; k < kWinogradInputs; ++k) store(positions[k], to + k * apart);
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_WINOGRAD_INL_H_
