// tanh and the logistic sigmoid, from Highway's exp, which has the same bits on every instruction
// set with fused multiply-add (tests/kernels/exp_log_test.cc); so have these. Included once per
// instruction set, after kernels/tile-inl.h.
#if defined(NORMLAB_NN_NORMS_BEND_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_NN_NORMS_BEND_INL_H_
#undef NORMLAB_NN_NORMS_BEND_INL_H_
#else
#define NORMLAB_NN_NORMS_BEND_INL_H_
#endif

#include "hwy/contrib/math/math-inl.h"
#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// tanh(x), at most 3 * 2^-24 of it away (tests/norms/bend_test.cc, on 9 million floats). Far from
// zero it is (1 - e) / (1 + e) with e = exp(-2|x|), which loses digits where e is near 1: there it
// is the odd polynomial of Moshier's Cephes library (tanhf.c; S. L. Moshier, Methods and Programs
// for Mathematical Functions, 1989). A NaN stays one.
HWY_INLINE Vector tanh_of(Vector x) {
  const Vector magnitude = hn::Abs(x);
  const Vector e = hn::Exp(kTag, hn::Mul(magnitude, broadcast(-2.0f)));
  const Vector one = broadcast(1.0f);
  const Vector far = hn::Div(hn::Sub(one, e), hn::Add(one, e));
  const Vector square = hn::Mul(x, x);
  Vector sum = broadcast(-5.70498872745e-3f);
  sum = hn::MulAdd(sum, square, broadcast(2.06390887954e-2f));
  sum = hn::MulAdd(sum, square, broadcast(-5.37397155531e-2f));
  sum = hn::MulAdd(sum, square, broadcast(1.33314422036e-1f));
  sum = hn::MulAdd(sum, square, broadcast(-3.33332819422e-1f));
  const Vector near = hn::MulAdd(hn::Mul(sum, square), x, x);
  return hn::CopySign(hn::IfThenElse(hn::Ge(magnitude, broadcast(0.625f)), far, near), x);
}

// 1 / (1 + exp(-x)), and what is left of it to 1, neither of which loses digits to the other. x may
// be any finite number; for a NaN they are no numbers to go by, and x has to bring it along.
struct Sigmoid {
  Vector value;
  Vector rest;
};
HWY_INLINE Sigmoid sigmoid_of(Vector x) {
  const Vector one = broadcast(1.0f);
  const Vector e = hn::Exp(kTag, hn::Neg(hn::Abs(x)));
  const Vector large = hn::Div(one, hn::Add(one, e));
  const Vector small = hn::Mul(e, large);
  const auto positive = hn::Ge(x, hn::Zero(kTag));
  return {hn::IfThenElse(positive, large, small), hn::IfThenElse(positive, small, large)};
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_NN_NORMS_BEND_INL_H_
