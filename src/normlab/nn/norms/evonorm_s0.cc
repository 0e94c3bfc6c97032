// EvoNorm-S0 (Liu, Brock, Simonyan & Le, "Evolving Normalization-Activation Layers", NeurIPS 2020,
// table 2), norm and activation in one, found by search. Per sample and group of channels, with the
// biased variance of x over the group's m = C/G*H*W numbers:
//
//   s = sigmoid(v[c] * x),   y = gamma[c] * x * s * rstd + beta[c],   rstd = 1 / sqrt(var + eps)
//
//   dgamma = sum dy * x*s * rstd,   dbeta = sum dy
//
//   dv = sum dy * gamma * rstd * x^2 * s * (1 - s)
//
//   dx = gamma * rstd * dy * s * (1 + v*x*(1 - s)) - (x - mean) * rstd^3 * sum dy*gamma*x*s / m
//
// The mean is in the variance alone: x itself is not centred. v is 1 at first, eps 1e-5; the
// paper's 32 groups are more than small networks have channels, so that `norm.groups` says how
// many.
#include "normlab/nn/norms/group.h"
#include "normlab/nn/norms/sample_norm.h"
#include "normlab/tensor/tiles.h"

// Once, though this file is compiled once per instruction set.
#ifndef NORMLAB_NN_NORMS_EVONORM_S0_TYPES_
#define NORMLAB_NN_NORMS_EVONORM_S0_TYPES_
namespace normlab {

struct EvoNormShape {
  Shape shape;
  int groups;
  float eps;
};

struct EvoNormWeights {
  const float* gamma;  // [C]; may be null, with beta
  const float* beta;
  const float* v;  // [C]
};

struct EvoNormGradients {
  float* dx;      // may be dy
  float* dgamma;  // [C]; may be null, with dbeta
  float* dbeta;
  float* dv;  // [C]
};

struct EvoNormInputs {
  const float* dy;
  const float* x;
  const float* mean;
  const float* rstd;
  bool after_relu;
};

}  // namespace normlab
#endif  // NORMLAB_NN_NORMS_EVONORM_S0_TYPES_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/nn/norms/evonorm_s0.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"
#include "normlab/nn/norms/bend-inl.h"
#include "normlab/nn/norms/statistics-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// mean and rstd: [G][16], assigned as y is.
void evonorm_s0_forward(float* y, float* mean, float* rstd, const float* x,
                        const EvoNormWeights& weights, const EvoNormShape& norm) {
  const int channels = norm.shape.channels / norm.groups;
  const std::size_t pixels = static_cast<std::size_t>(norm.shape.pixels());
  const std::size_t channel = pixels * kLanes;
  int c = 0;
  for (int g = 0; g < norm.groups; ++g, mean += kLanes, rstd += kLanes) {
    statistics_per_lane(mean, rstd, x, static_cast<std::size_t>(channels) * pixels, norm.eps);
    for (const int end = c + channels; c < end; ++c, x += channel, y += channel) {
      const Vector shift = broadcast(weights.beta ? weights.beta[c] : 0.0f);
      const Vector v = broadcast(weights.v[c]);
      for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
        const Vector scale = broadcast(weights.gamma ? weights.gamma[c] : 1.0f);
        const Vector slope = hn::Mul(load(rstd + piece), scale);
        for (std::size_t at = piece; at < channel; at += kLanes) {
          const Vector value = load(x + at);
          const Vector bent = hn::Mul(value, sigmoid_of(hn::Mul(v, value)).value);
          store(hn::MulAdd(bent, slope, shift), y + at);
        }
      }
    }
  }
}

// Of one channel, each [16]: sum dy, sum dy*x*s, sum dy * x^2 * s * (1 - s).
HWY_INLINE void evonorm_s0_sums(float (*sums)[kLanes], const float* dy, const float* x, float v,
                                std::size_t pixels) {
  sum_per_lane<3>(sums, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
    const Vector upstream = load(dy + at);
    const Vector value = load(x + at);
    const Sigmoid s = sigmoid_of(hn::Mul(broadcast(v), value));
    const Vector bent = hn::Mul(value, s.value);
    total[0] = hn::Add(total[0], upstream);
    total[1] = hn::MulAdd(upstream, bent, total[1]);
    total[2] = hn::MulAdd(upstream, hn::Mul(bent, hn::Mul(value, s.rest)), total[2]);
  });
}

// All are assigned.
void evonorm_s0_backward(const EvoNormGradients& gradients, const EvoNormInputs& inputs,
                         const EvoNormWeights& weights, int lanes, const EvoNormShape& norm) {
  const int channels = norm.shape.channels / norm.groups;
  const std::size_t pixels = static_cast<std::size_t>(norm.shape.pixels());
  const std::size_t channel = pixels * kLanes;
  const Vector m = broadcast(static_cast<float>(channels) * static_cast<float>(pixels));
  for (int g = 0; g < norm.groups; ++g) {
    const float* const mean = inputs.mean + g * kLanes;
    const float* const rstd = inputs.rstd + g * kLanes;
    HWY_ALIGN float sum_group[kLanes] = {};  // sum dy*gamma*x*s
    for (int c = g * channels; c < (g + 1) * channels; ++c) {
      const std::size_t first = static_cast<std::size_t>(c) * channel;
      HWY_ALIGN float sums[3][kLanes] = {};
      evonorm_s0_sums(sums, inputs.dy + first, inputs.x + first, weights.v[c], pixels);
      const Vector scale = broadcast(weights.gamma ? weights.gamma[c] : 1.0f);
      for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
        const Vector inverse = load(rstd + piece);
        const Vector sum = load(sums[1] + piece);
        store(hn::MulAdd(scale, sum, load(sum_group + piece)), sum_group + piece);
        store(hn::Mul(sum, inverse), sums[1] + piece);
        store(hn::Mul(hn::Mul(load(sums[2] + piece), inverse), scale), sums[2] + piece);
      }
      if (gradients.dbeta) gradients.dbeta[c] = sum_over_lanes(sums[0], lanes);
      if (gradients.dgamma) gradients.dgamma[c] = sum_over_lanes(sums[1], lanes);
      gradients.dv[c] = sum_over_lanes(sums[2], lanes);
    }
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector center = load(mean + piece);
      const Vector inverse = load(rstd + piece);
      const Vector cube = hn::Mul(hn::Mul(inverse, inverse), inverse);
      const Vector share = hn::Div(hn::Mul(cube, load(sum_group + piece)), m);
      for (int c = g * channels; c < (g + 1) * channels; ++c) {
        const Vector v = broadcast(weights.v[c]);
        const Vector slope = hn::Mul(inverse, broadcast(weights.gamma ? weights.gamma[c] : 1.0f));
        const std::size_t first = static_cast<std::size_t>(c) * channel;
        for (std::size_t at = first + piece; at < first + channel; at += kLanes) {
          const Vector x = load(inputs.x + at);
          const Vector vx = hn::Mul(v, x);
          const Sigmoid s = sigmoid_of(vx);
          const Vector bend = hn::Mul(s.value, hn::MulAdd(vx, s.rest, broadcast(1.0f)));
          const Vector direct = hn::Mul(slope, hn::Mul(load(inputs.dy + at), bend));
          const Vector gradient = hn::NegMulAdd(hn::Sub(x, center), share, direct);
          store(inputs.after_relu ? relu_gradient(gradient, x) : gradient, gradients.dx + at);
        }
      }
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(evonorm_s0_forward);
HWY_EXPORT(evonorm_s0_backward);

class EvoNormS0Layer final : public SampleNormLayer {
 public:
  EvoNormS0Layer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : SampleNormLayer(spec, place, "EvoNorm2dS0"),
        affine_(norm.affine),
        channels_(static_cast<std::size_t>(place.input.channels)),
        statistic_(static_cast<std::size_t>(norm.groups) * kLanes),
        groups_(norm.groups),
        eps_(norm_eps(norm)) {}

  std::vector<ParameterSpec> parameters() const override {
    std::vector<ParameterSpec> specs;
    if (affine_) specs = scale_and_shift({input_shape().channels});
    specs.push_back({"v", ParameterKind::kScale, {input_shape().channels}, 0, 1.0f});
    return specs;
  }
  LayerMemory memory() const override { return {.saved = 2 * statistic_}; }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    HWY_DYNAMIC_DISPATCH(evonorm_s0_backward)
    ({dx, affine_ ? dparameters : nullptr, affine_ ? dparameters + channels_ : nullptr,
      dparameters + v_at()},
     {upstream.dy, upstream.x, upstream.saved, upstream.saved + statistic_, after_relu()},
     parts(weights.parameters), tile.lanes, {input_shape(), groups_, eps_});
  }

 private:
  std::size_t v_at() const { return affine_ ? 2 * channels_ : 0; }
  EvoNormWeights parts(const float* parameters) const {
    return {affine_ ? parameters : nullptr, affine_ ? parameters + channels_ : nullptr,
            parameters + v_at()};
  }
  void run(float* y, float* saved, const float* x, const float* parameters) const override {
    HWY_DYNAMIC_DISPATCH(evonorm_s0_forward)
    (y, saved, saved + statistic_, x, parts(parameters), {input_shape(), groups_, eps_});
  }

  bool affine_;
  std::size_t channels_;
  std::size_t statistic_;
  int groups_;
  float eps_;
};

}  // namespace

const NormType norms::evonorm_s0 = {.name = "evonorm-s0",
                                    .short_name = "EvoS0",
                                    .title = "EvoNorm-S0",
                                    .noun = "EvoNorm-S0",
                                    .reads = kReadsGroups | kReadsEps | kReadsAffine,
                                    .activates = true,
                                    .make = [](const LayerSpec& spec, const LayerPlace& place,
                                               const Norm& norm) -> std::unique_ptr<Layer> {
                                      check_groups(place, norm.groups);
                                      return std::make_unique<EvoNormS0Layer>(spec, place, norm);
                                    }};

}  // namespace normlab
#endif  // HWY_ONCE
