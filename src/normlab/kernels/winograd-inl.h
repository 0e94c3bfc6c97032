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

// x[first .. first + kCount) of a row of `width` pixels; zero outside.
template <int kCount>
HWY_INLINE void load_pixels(Vector (&pixels)[kCount], const float* row, int first, int width) {
  if (first >= 0 && first + kCount <= width) {
    HWY_UNROLL(6)
    for (int k = 0; k < kCount; ++k) pixels[k] = load(row + (first + k) * kLanes);
    return;
  }
  for (int k = 0; k < kCount; ++k) {
    const bool inside = first + k >= 0 && first + k < width;
    pixels[k] = inside ? load(row + (first + k) * kLanes) : hn::Zero(kTag);
  }
}

// v[position] = B^T x for the quad whose first pixel is x[first]; positions stand `apart` floats
// from each other.
//   1/4 x0 - 5/4 x2 + x4
//   (x4 - 1/4 x2) + (x3 - 1/4 x1)
//   (x4 - 1/4 x2) - (x3 - 1/4 x1)
//   2 (x4 - x2) + (x3 - x1)
//   2 (x4 - x2) - (x3 - x1)
//   1/4 x1 - 5/4 x3 + x5
HWY_INLINE void transform_input(float* v, std::size_t apart, const float* row, int first,
                                int width) {
  const Vector quarter = broadcast(0.25f);
  const Vector five_quarters = broadcast(1.25f);
  const Vector two = broadcast(2.0f);
  Vector x[kWinogradInputs];
  load_pixels(x, row, first, width);
  const Vector even = hn::NegMulAdd(quarter, x[2], x[4]);
  const Vector odd = hn::NegMulAdd(quarter, x[1], x[3]);
  const Vector even_step = hn::Sub(x[4], x[2]);
  const Vector odd_step = hn::Sub(x[3], x[1]);
  store(hn::MulAdd(quarter, x[0], hn::NegMulAdd(five_quarters, x[2], x[4])), v);
  store(hn::Add(even, odd), v + apart);
  store(hn::Sub(even, odd), v + 2 * apart);
  store(hn::MulAdd(two, even_step, odd_step), v + 3 * apart);
  store(hn::MulSub(two, even_step, odd_step), v + 4 * apart);
  store(hn::MulAdd(quarter, x[1], hn::NegMulAdd(five_quarters, x[3], x[5])), v + 5 * apart);
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

// t[position] = A dy for the quad whose first pixel is dy[first]: the transpose of
// transform_output.
HWY_INLINE void transform_upstream(float* t, std::size_t apart, const float* row, int first,
                                   int width) {
  Vector dy[kWinogradOutputs];
  load_pixels(dy, row, first, width);
  const Vector even = hn::Add(dy[0], dy[2]);
  const Vector odd = hn::Add(dy[1], dy[3]);
  const Vector half_even = hn::MulAdd(broadcast(0.25f), dy[2], dy[0]);
  const Vector half_odd = hn::MulAdd(broadcast(0.125f), dy[3], hn::Mul(broadcast(0.5f), dy[1]));
  store(dy[0], t);
  store(hn::Add(even, odd), t + apart);
  store(hn::Sub(even, odd), t + 2 * apart);
  store(hn::Add(half_even, half_odd), t + 3 * apart);
  store(hn::Sub(half_even, half_odd), t + 4 * apart);
  store(dy[3], t + 5 * apart);
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_WINOGRAD_INL_H_
