// Layer normalization over channels alone, pixel by pixel (`LayerNorm2d` of ConvNeXt: Liu et al.,
// "A ConvNet for the 2020s", CVPR 2022; Ba, Kiros & Hinton, arXiv:1607.06450, eq. 4, at each
// pixel). Each pixel p of each sample is normalized over its C channels, with the biased variance:
//
//   xhat = (x - mean[p]) * rstd[p],   y = gamma[c] * xhat + beta[c]
//
//   dx = rstd[p] * (dy*gamma - (sum_c dy*gamma + xhat * sum_c dy*gamma*xhat) / C)
//
// eps 1e-6, as ConvNeXt has it. One channel would leave nothing of its input and is refused.
#include <fmt/format.h>

#include "normlab/base/error.h"
#include "normlab/kernels/group_norm.h"
#include "normlab/nn/norms/sample_norm.h"
#include "normlab/tensor/tiles.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/nn/norms/layer2d.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// mean and rstd: [H][W][16], assigned as y is. gamma and beta: [C], may be null.
void layer2d_forward(float* y, float* mean, float* rstd, const float* x, const float* gamma,
                     const float* beta, float eps, const Shape& shape) {
  const std::size_t channel = static_cast<std::size_t>(shape.pixels()) * kLanes;
  const std::size_t end = static_cast<std::size_t>(shape.channels) * channel;
  const Vector channels = broadcast(static_cast<float>(shape.channels));
  for (std::size_t pixel = 0; pixel < channel; pixel += kPiece) {
    Vector sum = hn::Zero(kTag);
    for (std::size_t at = pixel; at < end; at += channel) sum = hn::Add(sum, load(x + at));
    const Vector center = hn::Div(sum, channels);
    Vector squares = hn::Zero(kTag);
    for (std::size_t at = pixel; at < end; at += channel) {
      const Vector deviation = hn::Sub(load(x + at), center);
      squares = hn::MulAdd(deviation, deviation, squares);
    }
    const Vector variance = hn::Div(squares, channels);
    const Vector inverse = hn::Div(broadcast(1.0f), hn::Sqrt(hn::Add(variance, broadcast(eps))));
    store(center, mean + pixel);
    store(inverse, rstd + pixel);
    std::size_t at = pixel;
    for (int c = 0; c < shape.channels; ++c, at += channel) {
      const Vector xhat = hn::Mul(hn::Sub(load(x + at), center), inverse);
      const Vector scale = broadcast(gamma ? gamma[c] : 1.0f);
      store(hn::MulAdd(xhat, scale, broadcast(beta ? beta[c] : 0.0f)), y + at);
    }
  }
}

// All are assigned; dx may be dy. dgamma and dbeta: [C], or null.
void layer2d_backward(float* dx, float* dgamma, float* dbeta, const GroupNormInputs& inputs,
                      int lanes, const Shape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.pixels());
  const std::size_t channel = pixels * kLanes;
  for (int c = 0; dgamma && c < shape.channels; ++c) {
    const float* const dy = inputs.dy + static_cast<std::size_t>(c) * channel;
    const float* const x = inputs.x + static_cast<std::size_t>(c) * channel;
    HWY_ALIGN float sums[2][kLanes] = {};
    sum_per_lane<2>(sums, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      const Vector upstream = load(dy + at);
      const Vector deviation = hn::Sub(load(x + at), load(inputs.mean + at));
      total[0] = hn::Add(total[0], upstream);
      total[1] = hn::MulAdd(upstream, hn::Mul(deviation, load(inputs.rstd + at)), total[1]);
    });
    dbeta[c] = sum_over_lanes(sums[0], lanes);
    dgamma[c] = sum_over_lanes(sums[1], lanes);
  }

  const Vector channels = broadcast(static_cast<float>(shape.channels));
  for (std::size_t pixel = 0; pixel < channel; pixel += kPiece) {
    const Vector center = load(inputs.mean + pixel);
    const Vector inverse = load(inputs.rstd + pixel);
    Vector sum_g = hn::Zero(kTag);   // sum_c dy*gamma
    Vector sum_gx = hn::Zero(kTag);  // sum_c dy*gamma*(x - mean)
    std::size_t at = pixel;
    for (int c = 0; c < shape.channels; ++c, at += channel) {
      const Vector scale = broadcast(inputs.gamma ? inputs.gamma[c] : 1.0f);
      const Vector g = hn::Mul(load(inputs.dy + at), scale);
      sum_g = hn::Add(sum_g, g);
      sum_gx = hn::MulAdd(g, hn::Sub(load(inputs.x + at), center), sum_gx);
    }
    const Vector cube = hn::Mul(hn::Mul(inverse, inverse), inverse);
    const Vector slope = hn::Div(hn::Mul(cube, sum_gx), channels);
    const Vector offset = hn::Div(hn::Mul(inverse, sum_g), channels);
    at = pixel;
    for (int c = 0; c < shape.channels; ++c, at += channel) {
      const Vector scale = hn::Mul(inverse, broadcast(inputs.gamma ? inputs.gamma[c] : 1.0f));
      const Vector x = load(inputs.x + at);
      const Vector share = hn::MulAdd(hn::Sub(x, center), slope, offset);
      const Vector gradient = hn::MulSub(scale, load(inputs.dy + at), share);
      store(inputs.after_relu ? relu_gradient(gradient, x) : gradient, dx + at);
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(layer2d_forward);
HWY_EXPORT(layer2d_backward);

class Layer2dNormLayer final : public SampleNormLayer {
 public:
  Layer2dNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : SampleNormLayer(spec, place, "LayerNorm2d"), affine_(norm.affine), eps_(norm_eps(norm)) {}

  std::vector<ParameterSpec> parameters() const override {
    if (!affine_) return {};
    return scale_and_shift({input_shape().channels});
  }
  // mean and rstd of each pixel.
  LayerMemory memory() const override { return {.saved = 2 * statistic()}; }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    HWY_DYNAMIC_DISPATCH(layer2d_backward)
    (dx, affine_ ? dparameters : nullptr, affine_ ? dparameters + input_shape().channels : nullptr,
     {upstream.dy, upstream.x, affine_ ? weights.parameters : nullptr, upstream.saved,
      upstream.saved + statistic(), after_relu()},
     tile.lanes, input_shape());
  }

 private:
  std::size_t statistic() const {
    return static_cast<std::size_t>(input_shape().pixels()) * kLanes;
  }
  void run(float* y, float* saved, const float* x, const float* parameters) const override {
    HWY_DYNAMIC_DISPATCH(layer2d_forward)
    (y, saved, saved + statistic(), x, affine_ ? parameters : nullptr,
     affine_ ? parameters + input_shape().channels : nullptr, eps_, input_shape());
  }

  bool affine_;
  float eps_;
};

}  // namespace

const NormType norms::layer2d = {
    .name = "layer2d",
    .short_name = "LN2d",
    .title = "Layer, per pixel",
    .noun = "layer norm per pixel",
    .reads = kReadsEps | kReadsAffine,
    .eps = 1e-6f,
    .make = [](const LayerSpec& spec, const LayerPlace& place,
               const Norm& norm) -> std::unique_ptr<Layer> {
      if (place.input.channels == 1) {
        throw UsageError(
            fmt::format("{}: layer norm per pixel leaves nothing of a single channel; use "
                        "another norm, or none there",
                        place.where));
      }
      return std::make_unique<Layer2dNormLayer>(spec, place, norm);
    }};

}  // namespace normlab
#endif  // HWY_ONCE
