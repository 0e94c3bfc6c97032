// Dynamic tanh (Zhu, Chen, He, LeCun & Liu, "Transformers without Normalization", CVPR 2025, eq.
// 2), which takes a norm's place and has no statistics:
//
//   t = tanh(alpha * x),   y = gamma[c] * t + beta[c]
//
//   dgamma = sum dy * t,   dbeta = sum dy,   dalpha = sum dy * gamma * (1 - t^2) * x
//   dx = dy * gamma * (1 - t^2) * alpha
//
// alpha is one learned number for the whole layer, 0.5 at first as in the paper (`norm.alpha`).
#include "normlab/nn/norms/sample_norm.h"
#include "normlab/tensor/tiles.h"

// Once, though this file is compiled once per instruction set.
#ifndef NORMLAB_NN_NORMS_DYT_TYPES_
#define NORMLAB_NN_NORMS_DYT_TYPES_
namespace normlab {

struct DytInputs {
  const float* dy;
  const float* x;
  const float* t;
  const float* gamma;  // may be null
  float alpha;
  bool after_relu;
};

struct DytGradients {
  float* dx;      // may be dy
  float* dgamma;  // [C], or null
  float* dbeta;   // [C], or null
  float* dalpha;  // [1]
};

}  // namespace normlab
#endif  // NORMLAB_NN_NORMS_DYT_TYPES_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/nn/norms/dyt.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"
#include "normlab/nn/norms/bend-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// t: of the shape of x, assigned as y is. gamma and beta may be null.
void dyt_forward(float* y, float* t, const float* x, const float* gamma, const float* beta,
                 float alpha, const Shape& shape) {
  const std::size_t channel = static_cast<std::size_t>(shape.pixels()) * kLanes;
  for (int c = 0; c < shape.channels; ++c, x += channel, y += channel, t += channel) {
    const Vector scale = broadcast(gamma ? gamma[c] : 1.0f);
    const Vector shift = broadcast(beta ? beta[c] : 0.0f);
    for (std::size_t at = 0; at < channel; at += kPiece) {
      const Vector bent = tanh_of(hn::Mul(load(x + at), broadcast(alpha)));
      store(bent, t + at);
      store(hn::MulAdd(bent, scale, shift), y + at);
    }
  }
}

// All are assigned.
void dyt_backward(const DytGradients& gradients, const DytInputs& inputs, int lanes,
                  const Shape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.pixels());
  const std::size_t channel = pixels * kLanes;
  HWY_ALIGN float sum_alpha[kLanes] = {};
  for (int c = 0; c < shape.channels; ++c) {
    const std::size_t first = static_cast<std::size_t>(c) * channel;
    const float* const dy = inputs.dy + first;
    const float* const x = inputs.x + first;
    const float* const t = inputs.t + first;
    const Vector one = broadcast(1.0f);
    HWY_ALIGN float sums[3][kLanes] = {};
    sum_per_lane<3>(sums, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      const Vector upstream = load(dy + at);
      const Vector bent = load(t + at);
      const Vector slope = hn::NegMulAdd(bent, bent, one);
      total[0] = hn::Add(total[0], upstream);
      total[1] = hn::MulAdd(upstream, bent, total[1]);
      total[2] = hn::MulAdd(hn::Mul(upstream, slope), load(x + at), total[2]);
    });
    const Vector scale = broadcast(inputs.gamma ? inputs.gamma[c] : 1.0f);
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      store(hn::MulAdd(scale, load(sums[2] + piece), load(sum_alpha + piece)), sum_alpha + piece);
    }
    if (gradients.dbeta) gradients.dbeta[c] = sum_over_lanes(sums[0], lanes);
    if (gradients.dgamma) gradients.dgamma[c] = sum_over_lanes(sums[1], lanes);

    const Vector factor = hn::Mul(scale, broadcast(inputs.alpha));
    for (std::size_t at = 0; at < channel; at += kPiece) {
      const Vector bent = load(t + at);
      const Vector slope = hn::Mul(factor, hn::NegMulAdd(bent, bent, one));
      const Vector gradient = hn::Mul(load(dy + at), slope);
      store(inputs.after_relu ? relu_gradient(gradient, load(x + at)) : gradient,
            gradients.dx + first + at);
    }
  }
  *gradients.dalpha = sum_over_lanes(sum_alpha, lanes);
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(dyt_forward);
HWY_EXPORT(dyt_backward);

class DytLayer final : public SampleNormLayer {
 public:
  DytLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : SampleNormLayer(spec, place, "DynamicTanh"),
        affine_(norm.affine),
        first_alpha_(norm.alpha),
        channels_(static_cast<std::size_t>(place.input.channels)) {}

  // alpha comes last.
  std::vector<ParameterSpec> parameters() const override {
    std::vector<ParameterSpec> specs;
    if (affine_) specs = scale_and_shift({input_shape().channels});
    specs.push_back({"alpha", ParameterKind::kScale, {1}, 0, first_alpha_});
    return specs;
  }
  LayerMemory memory() const override { return {.saved = tile_size(input_shape())}; }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    HWY_DYNAMIC_DISPATCH(dyt_backward)
    ({dx, affine_ ? dparameters : nullptr, affine_ ? dparameters + channels_ : nullptr,
      dparameters + alpha_at()},
     {upstream.dy, upstream.x, upstream.saved, affine_ ? weights.parameters : nullptr,
      weights.parameters[alpha_at()], after_relu()},
     tile.lanes, input_shape());
  }

 private:
  std::size_t alpha_at() const { return affine_ ? 2 * channels_ : 0; }
  void run(float* y, float* saved, const float* x, const float* parameters) const override {
    HWY_DYNAMIC_DISPATCH(dyt_forward)
    (y, saved, x, affine_ ? parameters : nullptr, affine_ ? parameters + channels_ : nullptr,
     parameters[alpha_at()], input_shape());
  }

  bool affine_;
  float first_alpha_;
  std::size_t channels_;
};

}  // namespace

const NormType norms::dyt = {.name = "dyt",
                             .short_name = "DyT",
                             .title = "Dynamic tanh",
                             .noun = "dynamic tanh",
                             .reads = kReadsAffine | kReadsAlpha,
                             .make = [](const LayerSpec& spec, const LayerPlace& place,
                                        const Norm& norm) -> std::unique_ptr<Layer> {
                               return std::make_unique<DytLayer>(spec, place, norm);
                             }};

}  // namespace normlab
#endif  // HWY_ONCE
