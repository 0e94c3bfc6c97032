// Root mean square normalization (Zhang & Sennrich, "Root Mean Square Layer Normalization", NeurIPS
// 2019, eq. 4) of each sample over all its channels and pixels, m = C*H*W. The mean is left alone,
// and there is no shift:
//
//   rstd = 1 / sqrt(sum x^2 / m + eps),   y = gamma[c] * x * rstd
//
//   dgamma = sum dy * x * rstd,   dx = rstd * (dy*gamma - x * rstd^2 * sum dy*gamma*x / m)
//
// The paper normalizes vectors without pixels and has no eps; here gamma is per channel, as with
// the other norms of images, and eps 1e-5.
#include "normlab/nn/norms/sample_norm.h"
#include "normlab/tensor/tiles.h"

// Once, though this file is compiled once per instruction set.
#ifndef NORMLAB_NN_NORMS_RMS_TYPES_
#define NORMLAB_NN_NORMS_RMS_TYPES_
namespace normlab {

struct RmsInputs {
  const float* dy;
  const float* x;
  const float* gamma;  // may be null
  const float* rstd;
  bool after_relu;
};

}  // namespace normlab
#endif  // NORMLAB_NN_NORMS_RMS_TYPES_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/nn/norms/rms.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// rstd: [16], assigned as y is. gamma may be null.
void rms_forward(float* y, float* rstd, const float* x, const float* gamma, float eps,
                 const Shape& shape) {
  HWY_ALIGN float squares[1][kLanes] = {};
  sum_per_lane<1>(squares, shape.size(), [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
    const Vector value = load(x + at);
    total[0] = hn::MulAdd(value, value, total[0]);
  });
  const Vector m = broadcast(static_cast<float>(shape.size()));
  const std::size_t channel = static_cast<std::size_t>(shape.pixels()) * kLanes;
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    const Vector square = hn::Add(hn::Div(load(squares[0] + piece), m), broadcast(eps));
    const Vector inverse = hn::Div(broadcast(1.0f), hn::Sqrt(square));
    store(inverse, rstd + piece);
    for (int c = 0; c < shape.channels; ++c) {
      const Vector slope = hn::Mul(inverse, broadcast(gamma ? gamma[c] : 1.0f));
      const std::size_t first = static_cast<std::size_t>(c) * channel;
      for (std::size_t at = first + piece; at < first + channel; at += kLanes) {
        store(hn::Mul(load(x + at), slope), y + at);
      }
    }
  }
}

// dx and dgamma (unless null) are assigned; dx may be dy.
void rms_backward(float* dx, float* dgamma, const RmsInputs& inputs, int lanes,
                  const Shape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.pixels());
  const std::size_t channel = pixels * kLanes;
  HWY_ALIGN float sum_gx[kLanes] = {};  // sum dy*gamma*x
  for (int c = 0; c < shape.channels; ++c) {
    const float* const dy = inputs.dy + static_cast<std::size_t>(c) * channel;
    const float* const x = inputs.x + static_cast<std::size_t>(c) * channel;
    HWY_ALIGN float sums[1][kLanes] = {};
    sum_per_lane<1>(sums, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      total[0] = hn::MulAdd(load(dy + at), load(x + at), total[0]);
    });
    const Vector scale = broadcast(inputs.gamma ? inputs.gamma[c] : 1.0f);
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector sum = load(sums[0] + piece);
      store(hn::MulAdd(scale, sum, load(sum_gx + piece)), sum_gx + piece);
      store(hn::Mul(sum, load(inputs.rstd + piece)), sums[0] + piece);
    }
    if (dgamma) dgamma[c] = sum_over_lanes(sums[0], lanes);
  }
  const Vector m = broadcast(static_cast<float>(shape.size()));
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    const Vector rstd = load(inputs.rstd + piece);
    const Vector cube = hn::Mul(hn::Mul(rstd, rstd), rstd);
    const Vector share = hn::Div(hn::Mul(cube, load(sum_gx + piece)), m);
    for (int c = 0; c < shape.channels; ++c) {
      const Vector scale = hn::Mul(rstd, broadcast(inputs.gamma ? inputs.gamma[c] : 1.0f));
      const std::size_t first = static_cast<std::size_t>(c) * channel;
      for (std::size_t at = first + piece; at < first + channel; at += kLanes) {
        const Vector x = load(inputs.x + at);
        const Vector gradient = hn::MulSub(scale, load(inputs.dy + at), hn::Mul(x, share));
        store(inputs.after_relu ? relu_gradient(gradient, x) : gradient, dx + at);
      }
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(rms_forward);
HWY_EXPORT(rms_backward);

class RmsNormLayer final : public SampleNormLayer {
 public:
  RmsNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : SampleNormLayer(spec, place, "RMSNorm"), affine_(norm.affine), eps_(norm_eps(norm)) {}

  std::vector<ParameterSpec> parameters() const override {
    if (!affine_) return {};
    return {{"weight", ParameterKind::kScale, {input_shape().channels}, 0, 1.0f}};
  }
  LayerMemory memory() const override { return {.saved = kLanes}; }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    HWY_DYNAMIC_DISPATCH(rms_backward)
    (dx, affine_ ? dparameters : nullptr,
     {upstream.dy, upstream.x, affine_ ? weights.parameters : nullptr, upstream.saved,
      after_relu()},
     tile.lanes, input_shape());
  }

 private:
  void run(float* y, float* saved, const float* x, const float* parameters) const override {
    HWY_DYNAMIC_DISPATCH(rms_forward)
    (y, saved, x, affine_ ? parameters : nullptr, eps_, input_shape());
  }

  bool affine_;
  float eps_;
};

}  // namespace

const NormType norms::rms = {.name = "rms",
                             .short_name = "RMS",
                             .title = "RMS",
                             .noun = "RMS norm",
                             .reads = kReadsEps | kReadsAffine,
                             .make = [](const LayerSpec& spec, const LayerPlace& place,
                                        const Norm& norm) -> std::unique_ptr<Layer> {
                               return std::make_unique<RmsNormLayer>(spec, place, norm);
                             }};

}  // namespace normlab
#endif  // HWY_ONCE
