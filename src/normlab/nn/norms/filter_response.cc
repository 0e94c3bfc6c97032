// Filter response normalization with a thresholded linear unit (Singh & Krishnan, "Filter Response
// Normalization Layer", CVPR 2020, eq. 1-3 and appendix A), norm and activation in one. Each
// channel of each sample over its m = H*W pixels, without a mean:
//
//   rstd = 1 / sqrt(sum x^2 / m + eps),   z = gamma[c] * x * rstd + beta[c],   y = max(z, tau[c])
//
// With g = dy where z > tau, and 0 elsewhere:
//
//   dtau = sum dy - g,   dbeta = sum g,   dgamma = sum g * x * rstd
//   dx = gamma * rstd * (g - x * rstd^2 * sum g*x / m)
//
// eps is 1e-6. On 1x1 maps x * rstd would be all but the sign of x, and the paper learns eps there:
// it is 1e-6 + |eps_l| with one number eps_l for the layer, 1e-4 at first.
#include <cmath>

#include "normlab/nn/norms/sample_norm.h"
#include "normlab/tensor/tiles.h"

// Once, though this file is compiled once per instruction set.
#ifndef NORMLAB_NN_NORMS_FILTER_RESPONSE_TYPES_
#define NORMLAB_NN_NORMS_FILTER_RESPONSE_TYPES_
namespace normlab {

struct FilterResponseWeights {
  const float* gamma;  // [C]; may be null, with beta
  const float* beta;
  const float* tau;  // [C]
  float eps;
};

struct FilterResponseGradients {
  float* dx;      // may be dy
  float* dgamma;  // [C]; may be null, with dbeta
  float* dbeta;
  float* dtau;  // [C]
  float* deps;  // [1], of eps as it stands under the root; may be null
};

struct FilterResponseInputs {
  const float* dy;
  const float* x;
  const float* rstd;
  bool after_relu;
};

}  // namespace normlab
#endif  // NORMLAB_NN_NORMS_FILTER_RESPONSE_TYPES_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/nn/norms/filter_response.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// rstd: [C][16], assigned as y is.
void filter_response_forward(float* y, float* rstd, const float* x,
                             const FilterResponseWeights& weights, const Shape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.pixels());
  const std::size_t channel = pixels * kLanes;
  const Vector m = broadcast(static_cast<float>(pixels));
  for (int c = 0; c < shape.channels; ++c, x += channel, y += channel, rstd += kLanes) {
    HWY_ALIGN float squares[1][kLanes] = {};
    sum_per_lane<1>(squares, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      const Vector value = load(x + at);
      total[0] = hn::MulAdd(value, value, total[0]);
    });
    const Vector shift = broadcast(weights.beta ? weights.beta[c] : 0.0f);
    const Vector threshold = broadcast(weights.tau[c]);
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector square = hn::Add(hn::Div(load(squares[0] + piece), m), broadcast(weights.eps));
      const Vector inverse = hn::Div(broadcast(1.0f), hn::Sqrt(square));
      store(inverse, rstd + piece);
      const Vector slope = hn::Mul(inverse, broadcast(weights.gamma ? weights.gamma[c] : 1.0f));
      for (std::size_t at = piece; at < channel; at += kLanes) {
        const Vector z = hn::MulAdd(load(x + at), slope, shift);
        // Not Max, which may make a number of a NaN.
        store(hn::IfThenElse(hn::Le(z, threshold), threshold, z), y + at);
      }
    }
  }
}

// All are assigned.
void filter_response_backward(const FilterResponseGradients& gradients,
                              const FilterResponseInputs& inputs,
                              const FilterResponseWeights& weights, int lanes, const Shape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.pixels());
  const std::size_t channel = pixels * kLanes;
  const Vector m = broadcast(static_cast<float>(pixels));
  HWY_ALIGN float sum_eps[kLanes] = {};
  for (int c = 0; c < shape.channels; ++c) {
    const std::size_t first = static_cast<std::size_t>(c) * channel;
    const float* const dy = inputs.dy + first;
    const float* const x = inputs.x + first;
    const float* const rstd = inputs.rstd + static_cast<std::size_t>(c) * kLanes;
    const Vector gamma = broadcast(weights.gamma ? weights.gamma[c] : 1.0f);
    const Vector shift = broadcast(weights.beta ? weights.beta[c] : 0.0f);
    const Vector threshold = broadcast(weights.tau[c]);
    // As the forward had it, to the bit.
    const auto is_above = [&](Vector value, Vector slope) HWY_ATTR {
      return hn::Gt(hn::MulAdd(value, slope, shift), threshold);
    };

    HWY_ALIGN float sums[3][kLanes] = {};  // g, dy - g, g*x
    sum_per_lane<3>(sums, pixels, [&](std::size_t at, std::size_t piece, Vector* total) HWY_ATTR {
      const Vector value = load(x + at);
      const Vector upstream = load(dy + at);
      const auto above = is_above(value, hn::Mul(load(rstd + piece), gamma));
      const Vector g = hn::IfThenElseZero(above, upstream);
      total[0] = hn::Add(total[0], g);
      total[1] = hn::Add(total[1], hn::IfThenZeroElse(above, upstream));
      total[2] = hn::MulAdd(g, value, total[2]);
    });
    HWY_ALIGN float sum_gxhat[kLanes];
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector inverse = load(rstd + piece);
      const Vector sum_gx = load(sums[2] + piece);
      const Vector slope = hn::Mul(inverse, gamma);
      const Vector cube = hn::Mul(slope, hn::Mul(inverse, inverse));  // gamma * rstd^3
      const Vector through_rstd = hn::Mul(cube, sum_gx);
      store(hn::Mul(sum_gx, inverse), sum_gxhat + piece);
      store(hn::MulAdd(through_rstd, broadcast(-0.5f), load(sum_eps + piece)), sum_eps + piece);
      const Vector share = hn::Div(through_rstd, m);
      for (std::size_t at = piece; at < channel; at += kLanes) {
        const Vector value = load(x + at);
        const Vector g = hn::IfThenElseZero(is_above(value, slope), load(dy + at));
        const Vector gradient = hn::MulSub(slope, g, hn::Mul(value, share));
        store(inputs.after_relu ? relu_gradient(gradient, value) : gradient,
              gradients.dx + first + at);
      }
    }
    gradients.dtau[c] = sum_over_lanes(sums[1], lanes);
    if (gradients.dbeta) gradients.dbeta[c] = sum_over_lanes(sums[0], lanes);
    if (gradients.dgamma) gradients.dgamma[c] = sum_over_lanes(sum_gxhat, lanes);
  }
  if (gradients.deps) *gradients.deps = sum_over_lanes(sum_eps, lanes);
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(filter_response_forward);
HWY_EXPORT(filter_response_backward);

class FilterResponseLayer final : public SampleNormLayer {
 public:
  FilterResponseLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : SampleNormLayer(spec, place, "FilterResponseNorm2d"),
        affine_(norm.affine),
        learns_eps_(place.input.pixels() == 1),
        eps_(norm_eps(norm)),
        channels_(static_cast<std::size_t>(place.input.channels)) {}

  std::vector<ParameterSpec> parameters() const override {
    std::vector<ParameterSpec> specs;
    if (affine_) specs = scale_and_shift({input_shape().channels});
    specs.push_back({"tau", ParameterKind::kShift, {input_shape().channels}, 0, 0.0f});
    if (learns_eps_) specs.push_back({"eps", ParameterKind::kShift, {1}, 0, 1e-4f});
    return specs;
  }
  LayerMemory memory() const override { return {.saved = channels_ * kLanes}; }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    float* const deps = learns_eps_ ? dparameters + tau_at() + channels_ : nullptr;
    HWY_DYNAMIC_DISPATCH(filter_response_backward)
    ({dx, affine_ ? dparameters : nullptr, affine_ ? dparameters + channels_ : nullptr,
      dparameters + tau_at(), deps},
     {upstream.dy, upstream.x, upstream.saved, after_relu()}, parts(weights.parameters), tile.lanes,
     input_shape());
    if (deps && learned_eps(weights.parameters) < 0) *deps = -*deps;
  }

 private:
  std::size_t tau_at() const { return affine_ ? 2 * channels_ : 0; }
  float learned_eps(const float* parameters) const { return parameters[tau_at() + channels_]; }
  FilterResponseWeights parts(const float* parameters) const {
    return {affine_ ? parameters : nullptr, affine_ ? parameters + channels_ : nullptr,
            parameters + tau_at(), learns_eps_ ? eps_ + std::abs(learned_eps(parameters)) : eps_};
  }
  void run(float* y, float* saved, const float* x, const float* parameters) const override {
    HWY_DYNAMIC_DISPATCH(filter_response_forward)(y, saved, x, parts(parameters), input_shape());
  }

  bool affine_;
  bool learns_eps_;
  float eps_;
  std::size_t channels_;
};

}  // namespace

const NormType norms::filter_response = {.name = "filter-response",
                                         .short_name = "FRN",
                                         .title = "Filter response, TLU",
                                         .noun = "filter response norm with TLU",
                                         .reads = kReadsEps | kReadsAffine,
                                         .eps = 1e-6f,
                                         .activates = true,
                                         .make = [](const LayerSpec& spec, const LayerPlace& place,
                                                    const Norm& norm) -> std::unique_ptr<Layer> {
                                           return std::make_unique<FilterResponseLayer>(spec, place,
                                                                                        norm);
                                         }};

}  // namespace normlab
#endif  // HWY_ONCE
