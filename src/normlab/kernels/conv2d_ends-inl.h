// What happens to a number of a convolution, or of its input's gradient, before it is stored.
#if defined(NORMLAB_KERNELS_CONV2D_ENDS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_CONV2D_ENDS_INL_H_
#undef NORMLAB_KERNELS_CONV2D_ENDS_INL_H_
#else
#define NORMLAB_KERNELS_CONV2D_ENDS_INL_H_
#endif

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// The ReLUs that a convolution takes over from its neighbours.
struct CorrelationEnds {
  bool relu = false;         // forward: y = max(sum, 0)
  const float* y = nullptr;  // backward: where y and the ReLU's output, of the same shape, begin;
  const float* relu_output = nullptr;  // null if there is none
};

HWY_INLINE Vector finished(Vector sum, const float* at, const CorrelationEnds& ends) {
  if (ends.relu) return relu(sum);
  if (ends.relu_output) return relu_gradient(sum, load(ends.relu_output + (at - ends.y)));
  return sum;
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_CONV2D_ENDS_INL_H_
