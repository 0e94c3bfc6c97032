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

// v[position][quad] = B^T x for all quads of a row; positions stand `apart` floats from each other.
//   1/4 x0 - 5/4 x2 + x4
//   (x4 - 1/4 x2) + (x3 - 1/4 x1)
//   (x4 - 1/4 x2) - (x3 - 1/4 x1)
//   2 (x4 - x2) + (x3 - x1)
//   2 (x4 - x2) - (x3 - x1)
//   1/4 x1 - 5/4 x3 + x5
HWY_INLINE void transform_input(float* v, std::size_t apart, const float* row, int width,
                                int padding, int quads, std::size_t lanes) {
  const Vector quarter = broadcast(0.25f);
  const Vector five_quarters = broadcast(1.25f);
  const Vector two = broadcast(2.0f);
  for (std::size_t piece = 0; piece < lanes; piece += kPiece) {
    for (int quad = 0; quad < quads; ++quad) {
      Vector x[kWinogradInputs];
      load_pixels(x, row + piece, quad * kWinogradOutputs - padding, width);
      const Vector even = hn::NegMulAdd(quarter, x[2], x[4]);
      const Vector odd = hn::NegMulAdd(quarter, x[1], x[3]);
      const Vector even_step = hn::Sub(x[4], x[2]);
      const Vector odd_step = hn::Sub(x[3], x[1]);
      float* to = v + static_cast<std::size_t>(quad) * kLanes + piece;
      store(hn::MulAdd(quarter, x[0], hn::NegMulAdd(five_quarters, x[2], x[4])), to);
      store(hn::Add(even, odd), to + apart);
      store(hn::Sub(even, odd), to + 2 * apart);
      store(hn::MulAdd(two, even_step, odd_step), to + 3 * apart);
      store(hn::MulSub(two, even_step, odd_step), to + 4 * apart);
      store(hn::MulAdd(quarter, x[1], hn::NegMulAdd(five_quarters, x[3], x[5])), to + 5 * apart);
    }
  }
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

// t[position][quad] = A dy for all quads of a row: the transpose of transform_output.
HWY_INLINE void transform_upstream(float* t, std::size_t apart, const float* row, int width,
                                   int quads, std::size_t lanes) {
  for (std::size_t piece = 0; piece < lanes; piece += kPiece) {
    for (int quad = 0; quad < quads; ++quad) {
      Vector dy[kWinogradOutputs];
      load_pixels(dy, row + piece, quad * kWinogradOutputs, width);
      const Vector even = hn::Add(dy[0], dy[2]);
      const Vector odd = hn::Add(dy[1], dy[3]);
      const Vector half_even = hn::MulAdd(broadcast(0.25f), dy[2], dy[0]);
      const Vector half_odd = hn::MulAdd(broadcast(0.125f), dy[3], hn::Mul(broadcast(0.5f), dy[1]));
      float* to = t + static_cast<std::size_t>(quad) * kLanes + piece;
      store(dy[0], to);
      store(hn::Add(even, odd), to + apart);
      store(hn::Sub(even, odd), to + 2 * apart);
      store(hn::Add(half_even, half_odd), to + 3 * apart);
      store(hn::Sub(half_even, half_odd), to + 4 * apart);
      store(dy[3], to + 5 * apart);
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_WINOGRAD_INL_H_
