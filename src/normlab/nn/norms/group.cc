// Group normalization (Wu & He, "Group Normalization", ECCV 2018), and what layer and instance
// normalization share with it: the same kernel with 4, 1 or C groups, say. The equations stand in
// kernels/group_norm.h.
#include "normlab/nn/norms/group.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "normlab/base/error.h"
#include "normlab/kernels/group_norm.h"
#include "normlab/kernels/pool2d.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

class GroupNormLayer final : public Layer {
 public:
  GroupNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm, int groups)
      : Layer(spec.name, norm.kind == NormKind::kInstance ? "InstanceNorm2d" : "GroupNorm",
              place.input, place.input),
        affine_(norm.affine),
        shape_{place.input, groups, norm_eps(norm)} {}

  std::vector<ParameterSpec> parameters() const override {
    if (!affine_) return {};
    const int channels = input_shape().channels;
    return {{"weight", ParameterKind::kScale, {channels}, 0, 1.0f},
            {"bias", ParameterKind::kShift, {channels}, 0, 0.0f}};
  }

  // mean and rstd: [groups][16] each; then the extremes of a max pool that has been taken over, or
  // what is left to the next layer.
  LayerMemory memory() const override {
    const auto left = 3 * static_cast<std::size_t>(input_shape().channels) * kLanes;
    return {.saved =
                2 * statistic() + (pools() ? tile_size(stored_shape()) : 0) + (leaves_ ? left : 0)};
  }

  bool in_place() const override { return !pools(); }
  bool dx_may_be_x() const override { return true; }
  bool reads_input() const override { return true; }
  bool take_over_relu_after() override { return relu_after_ = true; }
  bool take_over_relu_before() override { return relu_before_ = true; }
  bool take_over_max_pool_after(int side) override {
    pool_side_ = side;
    return true;
  }
  void offer_norm_to(Layer& next) override { leaves_ = next.take_over_norm_before(); }
  const float* left_to_next(const float* saved) const override {
    return leaves_ ? saved + 2 * statistic() : nullptr;
  }
  bool passes_through() const override { return leaves_; }
  Shape stored_shape() const override {
    return Pool2dShape{output_shape(), pool_side_, pool_side_, pool_side_}.output();
  }

  // The statistics go by each sample alone, so evaluation is the forward of training.
  void infer(float* y, float* scratch, const float* x, const LayerWeights& weights) const override {
    run(y, scratch, x, weights);
  }

  void forward(float* y, float* saved, const float* x, const LayerWeights& weights,
               const TileInfo&) const override {
    if (!leaves_) return run(y, saved, x, weights);
    float* const rstd = saved + statistic();
    group_norm_statistics(saved, rstd, x, shape_);
    leave(rstd + statistic(), saved, rstd, weights);
  }

  void backward(float* dx, float* dparameters, const LayerUpstream& upstream,
                const LayerWeights& weights, const TileInfo& tile) const override {
    float* const dgamma = affine_ ? dparameters : nullptr;
    float* const dbeta = affine_ ? dparameters + input_shape().channels : nullptr;
    const GroupNormInputs inputs{.dy = upstream.dy,
                                 .x = upstream.x,
                                 .gamma = gamma(weights),
                                 .mean = upstream.saved,
                                 .rstd = upstream.saved + statistic(),
                                 .after_relu = relu_before_};
    if (pools()) {
      group_norm_max_pool_backward(dx, dgamma, dbeta,
                                   {inputs, upstream.saved + 2 * statistic(), pool_side_},
                                   tile.lanes, shape_);
    } else {
      group_norm_backward(dx, dgamma, dbeta, inputs, tile.lanes, shape_);
    }
  }

 private:
  bool pools() const { return pool_side_ > 1; }
  std::size_t statistic() const { return static_cast<std::size_t>(shape_.groups) * kLanes; }
  const float* gamma(const LayerWeights& weights) const {
    return affine_ ? weights.parameters : nullptr;
  }
  void run(float* y, float* saved, const float* x, const LayerWeights& weights) const {
    const float* const beta = affine_ ? weights.parameters + input_shape().channels : nullptr;
    const GroupNormChannels channels{gamma(weights), beta, relu_after_};
    float* const rstd = saved + statistic();
    if (pools()) {
      group_norm_max_pool_forward({y, saved, rstd, rstd + statistic()}, x, channels, shape_,
                                  pool_side_);
    } else {
      group_norm_forward(y, saved, rstd, x, channels, shape_);
    }
  }

  // What left_to_next() says.
  void leave(float* terms, const float* mean, const float* rstd,
             const LayerWeights& weights) const {
    const int channels = input_shape().channels;
    for (int c = 0; c < channels; ++c, terms += 3 * kLanes) {
      const int group = c / (channels / shape_.groups);
      for (int lane = 0; lane < kLanes; ++lane) {
        terms[lane] = mean[group * kLanes + lane];
        terms[kLanes + lane] = rstd[group * kLanes + lane] * (affine_ ? weights.parameters[c] : 1);
        terms[2 * kLanes + lane] = affine_ ? weights.parameters[channels + c] : 0;
      }
    }
  }

  bool affine_;
  bool leaves_ = false;  // the normalization to the next layer
  bool relu_after_ = false;
  bool relu_before_ = false;
  int pool_side_ = 1;  // of the windows of the max pool that has been taken over; 1: none
  GroupNormShape shape_;
};

}  // namespace

void check_groups(const LayerPlace& place, int groups) {
  const int channels = place.input.channels;
  if (groups < 1 || channels % groups != 0) {
    std::vector<int> divisors;
    for (int i = 1; i <= channels; ++i) {
      if (channels % i == 0) divisors.push_back(i);
    }
    throw UsageError(fmt::format("{}: {} groups do not divide its {} channels; choose one of {}",
                                 place.where, groups, channels, fmt::join(divisors, ", ")));
  }
  if (channels / groups * place.input.pixels() == 1) {
    throw UsageError(
        fmt::format("{}: each of its groups is a single number, of which normalization leaves "
                    "nothing; use fewer groups, or no norm there",
                    place.where));
  }
}

std::unique_ptr<Layer> make_group_norm(const LayerSpec& spec, const LayerPlace& place,
                                       const Norm& norm, int groups) {
  check_groups(place, groups);
  return std::make_unique<GroupNormLayer>(spec, place, norm, groups);
}

const NormType norms::group = {
    .name = "group",
    .short_name = "GN",
    .title = "Group",
    .noun = "group norm",
    .reads = kReadsGroups | kReadsEps | kReadsAffine,
    .make = [](const LayerSpec& spec, const LayerPlace& place, const Norm& norm) {
      return make_group_norm(spec, place, norm, norm.groups);
    }};

}  // namespace normlab
