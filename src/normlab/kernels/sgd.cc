#include "normlab/kernels/sgd.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/sgd.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// The kPiece parameters from p on.
HWY_INLINE void step_vector(float* p, float* v, const float* gradient, const SgdStep& step) {
  const Vector parameter = hn::LoadU(kTag, p);
  const Vector zero = hn::Zero(kTag);
  const Vector sign = hn::Sub(hn::IfThenElseZero(hn::Gt(parameter, zero), broadcast(1.0f)),
                              hn::IfThenElseZero(hn::Lt(parameter, zero), broadcast(1.0f)));
  Vector g = hn::LoadU(kTag, gradient);
  g = hn::MulAdd(broadcast(step.weight_decay), parameter, g);
  g = hn::MulAdd(broadcast(step.l1), sign, g);
  const Vector velocity = hn::MulAdd(broadcast(step.momentum), hn::LoadU(kTag, v), g);
  const Vector direction =
      step.nesterov ? hn::MulAdd(broadcast(step.momentum), velocity, g) : velocity;
  hn::StoreU(velocity, kTag, v);
  hn::StoreU(hn::NegMulAdd(broadcast(step.learning_rate), direction, parameter), kTag, p);
}

void sgd_step(float* parameters, float* velocity, const float* gradient, std::size_t count,
              const SgdStep& step) {
  std::size_t i = 0;
  for (; i + kPiece <= count; i += kPiece) {
    step_vector(parameters + i, velocity + i, gradient + i, step);
  }
  if (i == count) return;
  HWY_ALIGN float rest[3][kLanes] = {};
  std::copy_n(parameters + i, count - i, rest[0]);
  std::copy_n(velocity + i, count - i, rest[1]);
  std::copy_n(gradient + i, count - i, rest[2]);
  step_vector(rest[0], rest[1], rest[2], step);
  std::copy_n(rest[0], count - i, parameters + i);
  std::copy_n(rest[1], count - i, velocity + i);
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(sgd_step);
}  // namespace

void sgd_step(float* parameters, float* velocity, const float* gradient, std::size_t count,
              const SgdStep& step) {
  HWY_DYNAMIC_DISPATCH(sgd_step)(parameters, velocity, gradient, count, step);
}

double absolute_sum(const float* parameters, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::abs(static_cast<double>(parameters[i]));
  return sum;
}

void sum_over_tiles(float* sum, const float* parts, int tiles, std::size_t count,
                    std::size_t apart) {
  std::copy_n(parts, count, sum);
  for (int tile = 1; tile < tiles; ++tile) {
    parts += apart;
    for (std::size_t i = 0; i < count; ++i) sum[i] += parts[i];
  }
}

}  // namespace normlab
#endif  // HWY_ONCE
