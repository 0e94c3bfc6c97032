// The ways to compute a convolution, behind one interface.
#pragma once

#include <cstddef>
#include <memory>

#include "normlab/kernels/conv2d.h"
#include "normlab/nn/network.h"

namespace normlab {

// Shapes, layouts and what is assigned are those of kernels/conv2d.h.
class Conv2dAlgorithm {
 public:
  explicit Conv2dAlgorithm(const Conv2dShape& shape) : shape_(shape) {}
  virtual ~Conv2dAlgorithm() = default;
  Conv2dAlgorithm(const Conv2dAlgorithm&) = delete;
  Conv2dAlgorithm& operator=(const Conv2dAlgorithm&) = delete;

  const Conv2dShape& shape() const { return shape_; }

  // Floats of each of the two packed arrays, and of room to work in.
  virtual std::size_t packed() const = 0;
  virtual std::size_t scratch() const = 0;
  // Whether an input's norm may be given.
  virtual bool normalizes() const { return false; }

  virtual void pack_forward(float* packed, const float* w) const = 0;
  virtual void pack_backward_input(float* packed, const float* w) const = 0;

  virtual void forward(float* y, float* scratch, const Conv2dInput& input,
                       const float* packed_forward, const float* bias,
                       const Conv2dOptions& options) const = 0;
  virtual void backward_input(float* dx, float* scratch, const float* dy,
                              const float* packed_backward_input,
                              const Conv2dOptions& options) const = 0;
  virtual void backward_weight(float* dw, float* scratch, const float* dy, const Conv2dInput& input,
                               int lanes) const = 0;

 private:
  Conv2dShape shape_;
};

// What is asked for where it fits, else what comes nearest: for bf16 Winograd's, for that the
// direct sum.
std::unique_ptr<const Conv2dAlgorithm> make_conv2d_algorithm(const Conv2dShape& shape,
                                                             ConvolutionAlgorithm wanted);

}  // namespace normlab
