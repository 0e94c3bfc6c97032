#include "normlab/nn/layers/conv2d_algorithm.h"

#include "normlab/kernels/conv2d_bf16.h"
#include "normlab/kernels/conv2d_winograd.h"

namespace normlab {
namespace {

class DirectConv2d final : public Conv2dAlgorithm {
 public:
  using Conv2dAlgorithm::Conv2dAlgorithm;

  std::size_t packed() const override { return shape().weights(); }
  std::size_t scratch() const override { return 0; }

  void pack_forward(float* packed, const float* w) const override {
    conv2d_pack_forward(packed, w, shape());
  }
  void pack_backward_input(float* packed, const float* w) const override {
    conv2d_pack_backward_input(packed, w, shape());
  }
  void forward(float* y, float*, const Conv2dInput& input, const float* packed_forward,
               const float* bias, const Conv2dOptions& options) const override {
    conv2d_forward(y, input.x, packed_forward, bias, shape(), options);
  }
  void backward_input(float* dx, float*, const float* dy, const float* packed_backward_input,
                      const Conv2dOptions& options) const override {
    conv2d_backward_input(dx, dy, packed_backward_input, shape(), options);
  }
  void backward_weight(float* dw, float*, const float* dy, const Conv2dInput& input,
                       int lanes) const override {
    conv2d_backward_weight(dw, dy, input.x, lanes, shape());
  }
};

class WinogradConv2d final : public Conv2dAlgorithm {
 public:
  explicit WinogradConv2d(const Conv2dShape& shape)
      : Conv2dAlgorithm(shape), fits_backward_input_(conv2d_winograd_backward_input_fits(shape)) {}

  std::size_t packed() const override { return conv2d_winograd_packed(shape()); }
  std::size_t scratch() const override { return conv2d_winograd_scratch(shape()); }
  bool normalizes() const override { return conv2d_winograd_normalizes(shape()); }

  void pack_forward(float* packed, const float* w) const override {
    conv2d_winograd_pack_forward(packed, w, shape());
  }
  void pack_backward_input(float* packed, const float* w) const override {
    if (fits_backward_input_) {
      conv2d_winograd_pack_backward_input(packed, w, shape());
    } else {
      conv2d_pack_backward_input(packed, w, shape());
    }
  }
  void forward(float* y, float* scratch, const Conv2dInput& input, const float* packed_forward,
               const float* bias, const Conv2dOptions& options) const override {
    conv2d_winograd_forward(y, scratch, input, packed_forward, bias, shape(), options);
  }
  void backward_input(float* dx, float* scratch, const float* dy,
                      const float* packed_backward_input,
                      const Conv2dOptions& options) const override {
    if (fits_backward_input_) {
      conv2d_winograd_backward_input(dx, scratch, dy, packed_backward_input, shape(), options);
    } else {
      conv2d_backward_input(dx, dy, packed_backward_input, shape(), options);
    }
  }
  void backward_weight(float* dw, float* scratch, const float* dy, const Conv2dInput& input,
                       int lanes) const override {
    conv2d_winograd_backward_weight(dw, scratch, dy, input, lanes, shape());
  }

 private:
  bool fits_backward_input_;
};

class Bf16Conv2d final : public Conv2dAlgorithm {
 public:
  using Conv2dAlgorithm::Conv2dAlgorithm;

  std::size_t packed() const override { return conv2d_bf16_packed(shape()); }
  std::size_t scratch() const override { return conv2d_bf16_scratch(shape()); }
  bool normalizes() const override { return true; }

  void pack_forward(float* packed, const float* w) const override {
    conv2d_bf16_pack_forward(packed, w, shape());
  }
  void pack_backward_input(float* packed, const float* w) const override {
    conv2d_bf16_pack_backward_input(packed, w, shape());
  }
  void forward(float* y, float* scratch, const Conv2dInput& input, const float* packed_forward,
               const float* bias, const Conv2dOptions& options) const override {
    conv2d_bf16_forward(y, scratch, input, packed_forward, bias, shape(), options);
  }
  void backward_input(float* dx, float* scratch, const float* dy,
                      const float* packed_backward_input,
                      const Conv2dOptions& options) const override {
    conv2d_bf16_backward_input(dx, scratch, dy, packed_backward_input, shape(), options);
  }
  void backward_weight(float* dw, float* scratch, const float* dy, const Conv2dInput& input,
                       int lanes) const override {
    conv2d_bf16_backward_weight(dw, scratch, dy, input, lanes, shape());
  }
};

}  // namespace

std::unique_ptr<const Conv2dAlgorithm> make_conv2d_algorithm(const Conv2dShape& shape,
                                                             ConvolutionAlgorithm wanted) {
  if (wanted == ConvolutionAlgorithm::kBf16 && conv2d_bf16_fits(shape)) {
    return std::make_unique<Bf16Conv2d>(shape);
  }
  if (wanted != ConvolutionAlgorithm::kDirect && conv2d_winograd_fits(shape)) {
    return std::make_unique<WinogradConv2d>(shape);
  }
  return std::make_unique<DirectConv2d>(shape);
}

}  // namespace normlab
