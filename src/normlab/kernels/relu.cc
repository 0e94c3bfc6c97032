#include "normlab/kernels/relu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/relu.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

void relu_forward(float* y, const float* x, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kPiece) {
    store(relu(load(x + i)), y + i);
  }
}

void relu_backward(float* dx, const float* dy, const float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kPiece) {
    store(relu_gradient(load(dy + i), load(y + i)), dx + i);
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(relu_forward);
HWY_EXPORT(relu_backward);
}  // namespace

void relu_forward(float* y, const float* x, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(relu_forward)(y, x, count);
}

void relu_backward(float* dx, const float* dy, const float* y, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(relu_backward)(dx, dy, y, count);
}

}  // namespace normlab
#endif  // HWY_ONCE
