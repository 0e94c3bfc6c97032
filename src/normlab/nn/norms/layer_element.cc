// Layer normalization with scale and shift for every element (Ba, Kiros & Hinton, arXiv:1607.06450,
// 2016, eq. 4; `nn.LayerNorm([C, H, W])` in PyTorch): each sample over all its m = C*H*W numbers,
// with the biased variance,
//
//   xhat = (x - mean) * rstd,   y[e] = gamma[e] * xhat[e] + beta[e]     e: channel, row, column
//
//   dgamma[e] = sum dy[e] * xhat[e],   dbeta[e] = sum dy[e]      over samples alone
//   dx = rstd * (dy*gamma - (sum dy*gamma + xhat * sum dy*gamma*xhat) / m)
//
// Parameters are tied to the size of the image. eps 1e-5, as PyTorch's.
#include <algorithm>

#include "normlab/kernels/group_norm.h"
#include "normlab/nn/norms/sample_norm.h"
#include "normlab/tensor/tiles.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/nn/norms/layer_element.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"
#include "normlab/nn/norms/statistics-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// mean and rstd: [16], assigned as y is. gamma and beta: [m], may be null.
void layer_element_forward(float* y, float* mean, float* rstd, const float* x, const float* gamma,
                           const float* beta, float eps, std::size_t m) {
  statistics_per_lane(mean, rstd, x, m, eps);
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    const Vector center = load(mean + piece);
    const Vector inverse = load(rstd + piece);
    for (std::size_t e = 0; e < m; ++e) {
      const std::size_t at = e * kLanes + piece;
      const Vector xhat = hn::Mul(hn::Sub(load(x + at), center), inverse);
      const Vector scale = broadcast(gamma ? gamma[e] : 1.0f);
      store(hn::MulAdd(xhat, scale, broadcast(beta ? beta[e] : 0.0f)), y + at);
    }
  }
}

// All are assigned; dx may be dy. dgamma and dbeta: [m], or null.
void layer_element_backward(float* dx, float* dgamma, float* dbeta, const GroupNormInputs& inputs,
                            int lanes, std::size_t m) {
  // Sums over lanes come cheapest sixteen at a time.
  constexpr std::size_t kBlock = 16;
  for (std::size_t e = 0; dgamma && e < m; e += kBlock) {
    const std::size_t count = std::min(kBlock, m - e);
    HWY_ALIGN float products[kBlock * kLanes];
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector center = load(inputs.mean + piece);
      const Vector inverse = load(inputs.rstd + piece);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = (e + i) * kLanes + piece;
        const Vector xhat = hn::Mul(hn::Sub(load(inputs.x + at), center), inverse);
        store(hn::Mul(load(inputs.dy + at), xhat), products + i * kLanes + piece);
      }
    }
    sums_over_lanes(dgamma + e, products, kLanes, static_cast<int>(count), lanes);
    sums_over_lanes(dbeta + e, inputs.dy + e * kLanes, kLanes, static_cast<int>(count), lanes);
  }

  // sum dy*gamma, and sum dy*gamma*(x - mean).
  HWY_ALIGN float sums[2][kLanes] = {};
  sum_per_lane<2>(sums, m, [&](std::size_t at, std::size_t piece, Vector* total) HWY_ATTR {
    const Vector g =
        hn::Mul(load(inputs.dy + at), broadcast(inputs.gamma ? inputs.gamma[at / kLanes] : 1.0f));
    const Vector deviation = hn::Sub(load(inputs.x + at), load(inputs.mean + piece));
    total[0] = hn::Add(total[0], g);
    total[1] = hn::MulAdd(g, deviation, total[1]);
  });
  const Vector count = broadcast(static_cast<float>(m));
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    const Vector center = load(inputs.mean + piece);
    const Vector inverse = load(inputs.rstd + piece);
    const Vector square = hn::Mul(inverse, inverse);
    const Vector cube = hn::Mul(square, inverse);
    const Vector slope = hn::Div(hn::Mul(cube, load(sums[1] + piece)), count);
    const Vector offset = hn::Div(hn::Mul(inverse, load(sums[0] + piece)), count);
    for (std::size_t e = 0; e < m; ++e) {
      const std::size_t at = e * kLanes + piece;
      const Vector x = load(inputs.x + at);
      const Vector share = hn::MulAdd(hn::Sub(x, center), slope, offset);
      const Vector scale = hn::Mul(inverse, broadcast(inputs.gamma ? inputs.gamma[e] : 1.0f));
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
HWY_EXPORT(layer_element_forward);
HWY_EXPORT(layer_element_backward);

class LayerElementNormLayer final : public SampleNormLayer {
 public:
  LayerElementNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : SampleNormLayer(spec, place, "LayerNorm"),
        affine_(norm.affine),
        eps_(norm_eps(norm)),
        m_(place.input.size()) {}

  std::vector<ParameterSpec> parameters() const override {
    if (!affine_) return {};
    const Shape& shape = input_shape();
    return scale_and_shift({shape.channels, shape.height, shape.width});
  }
  LayerMemory memory() const override { return {.saved = 2 * kLanes}; }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    HWY_DYNAMIC_DISPATCH(layer_element_backward)
    (dx, affine_ ? dparameters : nullptr, affine_ ? dparameters + m_ : nullptr,
     {upstream.dy, upstream.x, affine_ ? weights.parameters : nullptr, upstream.saved,
      upstream.saved + kLanes, after_relu()},
     tile.lanes, m_);
  }

 private:
  void run(float* y, float* saved, const float* x, const float* parameters) const override {
    HWY_DYNAMIC_DISPATCH(layer_element_forward)
    (y, saved, saved + kLanes, x, affine_ ? parameters : nullptr,
     affine_ ? parameters + m_ : nullptr, eps_, m_);
  }

  bool affine_;
  float eps_;
  std::size_t m_;
};

}  // namespace

const NormType norms::layer_element = {.name = "layer-element",
                                       .short_name = "LNe",
                                       .title = "Layer, per element",
                                       .noun = "layer norm per element",
                                       .reads = kReadsEps | kReadsAffine,
                                       .make = [](const LayerSpec& spec, const LayerPlace& place,
                                                  const Norm& norm) -> std::unique_ptr<Layer> {
                                         return std::make_unique<LayerElementNormLayer>(spec, place,
                                                                                        norm);
                                       }};

}  // namespace normlab
#endif  // HWY_ONCE
