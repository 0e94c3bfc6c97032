#include "normlab/kernels/scale.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/scale.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

void scale_elements(float* y, const float* x, const float* factors, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kPiece) {
    store(hn::Mul(load(x + i), load(factors + i)), y + i);
  }
}

void scale_channels(float* y, const float* x, const float* factors, const Shape& shape) {
  const std::size_t channel = static_cast<std::size_t>(shape.pixels()) * kLanes;
  for (int c = 0; c < shape.channels; ++c, x += channel, y += channel, factors += kLanes) {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector factor = load(factors + piece);
      for (std::size_t i = piece; i < channel; i += kLanes) {
        store(hn::Mul(load(x + i), factor), y + i);
      }
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(scale_elements);
HWY_EXPORT(scale_channels);
}  // namespace

void scale_elements(float* y, const float* x, const float* factors, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(scale_elements)(y, x, factors, count);
}

void scale_channels(float* y, const float* x, const float* factors, const Shape& shape) {
  HWY_DYNAMIC_DISPATCH(scale_channels)(y, x, factors, shape);
}

}  // namespace normlab
#endif  // HWY_ONCE
