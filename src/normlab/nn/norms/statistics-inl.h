// Mean and rstd of numbers that stand side by side in a tile, lane by lane. Included once per
// instruction set, after kernels/tile-inl.h.
#if defined(NORMLAB_NN_NORMS_STATISTICS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_NN_NORMS_STATISTICS_INL_H_
#undef NORMLAB_NN_NORMS_STATISTICS_INL_H_
#else
#define NORMLAB_NN_NORMS_STATISTICS_INL_H_
#endif

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// mean and rstd, each [16], of x, [count][16]. The variance is the biased one, taken around the
// mean in a second sweep.
HWY_INLINE void statistics_per_lane(float* mean, float* rstd, const float* x, std::size_t count,
                                    float eps) {
  HWY_ALIGN float sum[1][kLanes] = {};
  sum_per_lane<1>(sum, count, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
    total[0] = hn::Add(total[0], load(x + at));
  });
  const Vector m = broadcast(static_cast<float>(count));
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    store(hn::Div(load(sum[0] + piece), m), mean + piece);
  }
  HWY_ALIGN float squares[1][kLanes] = {};
  sum_per_lane<1>(squares, count, [&](std::size_t at, std::size_t piece, Vector* total) HWY_ATTR {
    const Vector deviation = hn::Sub(load(x + at), load(mean + piece));
    total[0] = hn::MulAdd(deviation, deviation, total[0]);
  });
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    const Vector variance = hn::Div(load(squares[0] + piece), m);
    store(hn::Div(broadcast(1.0f), hn::Sqrt(hn::Add(variance, broadcast(eps)))), rstd + piece);
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_NN_NORMS_STATISTICS_INL_H_
