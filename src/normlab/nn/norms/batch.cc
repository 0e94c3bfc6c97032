#include "normlab/kernels/batch_norm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "normlab/base/error.h"
#include "normlab/kernels/pool2d.h"
#include "normlab/nn/layers/make_layer.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

// PyTorch's convention: the biased variance normalizes, the unbiased one goes into the running
// statistics, and `momentum` is the weight of the newest batch.
class BatchNormLayer final : public Layer, public Meeting {
 public:
  BatchNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : Layer(spec.name, "BatchNorm2d", place.input, place.input),
        where_(place.where),
        norm_(norm),
        channels_(static_cast<std::size_t>(place.input.channels)) {}

  std::vector<ParameterSpec> parameters() const override {
    if (!norm_.affine) return {};
    const int channels = input_shape().channels;
    return {{"weight", ParameterKind::kScale, {channels}, 0, 1.0f},
            {"bias", ParameterKind::kShift, {channels}, 0, 0.0f}};
  }

  std::vector<ParameterSpec> buffers() const override {
    const int channels = input_shape().channels;
    return {{"running_mean", ParameterKind::kShift, {channels}, 0, 0.0f},
            {"running_var", ParameterKind::kScale, {channels}, 0, 1.0f}};
  }

  // Running mean and rstd, for evaluation; the extremes of a max pool that has been taken over.
  LayerMemory memory() const override {
    return {.packed = 2 * channels_, .saved = pools() ? tile_size(stored_shape()) : 0};
  }

  bool in_place() const override { return !pools(); }
  bool reads_input() const override { return true; }
  bool take_over_relu_before() override { return relu_before_ = true; }
  bool take_over_max_pool_after(int side) override {
    pool_side_ = side;
    return true;
  }
  Shape stored_shape() const override {
    return Pool2dShape{output_shape(), pool_side_, pool_side_, pool_side_}.output();
  }

  void pack(float* packed, const float*, const float* buffers) const override {
    for (std::size_t c = 0; c < channels_; ++c) {
      packed[c] = buffers[c];
      packed[channels_ + c] = rstd(static_cast<double>(buffers[channels_ + c]));
    }
  }

  void infer(float* y, float* scratch, const float* x, const LayerWeights& weights) const override {
    run(y, scratch, x, channels(weights, weights.packed, weights.packed + channels_));
  }

  // While training, the step goes through the meeting instead.
  void forward(float*, float*, const float*, const LayerWeights&, const TileInfo&) const override {
    throw std::logic_error("a batch norm's tiles must meet");
  }
  void backward(float*, float*, const LayerUpstream&, const LayerWeights&,
                const TileInfo&) const override {
    throw std::logic_error("a batch norm's tiles must meet");
  }
  const Meeting* meeting() const override { return this; }

  void observe_forward(MeetingMemory& memory, int tile_index, const float* x,
                       const TileInfo& tile) const override {
    const auto mine = std::span(memory.moments)
                          .subspan(static_cast<std::size_t>(tile_index) * channels_, channels_);
    batch_norm_moments(mine, x, tile.lanes, input_shape());
  }

  void join_forward(MeetingMemory& memory, float* buffers) const override {
    float* const running_mean = buffers;
    float* const running_var = buffers + channels_;
    for (std::size_t c = 0; c < channels_; ++c) {
      Moments all;
      for (std::size_t t = 0; t < static_cast<std::size_t>(memory.tiles); ++t) {
        all = all.merged_with(memory.moments[t * channels_ + c]);
      }
      if (all.count < 2) {
        throw Error(fmt::format(
            "{}: batch norm cannot be trained on one value per channel: a batch of {} with {}x{} "
            "pixels; use batches of at least {}, or a group, layer or instance norm",
            where_, memory.samples, input_shape().height, input_shape().width, smallest_batch()));
      }
      mean(memory)[c] = static_cast<float>(all.mean);
      rstd(memory)[c] = rstd(all.squares / all.count);
      const auto average = [&](float& running, double now) {
        const double weight = static_cast<double>(norm_.momentum);
        running = static_cast<float>((1 - weight) * static_cast<double>(running) + weight * now);
      };
      average(running_mean[c], all.mean);
      average(running_var[c], all.squares / (all.count - 1));
    }
  }

  void forward_joined(float* y, float* saved, const float* x, const MeetingMemory& memory,
                      const LayerWeights& weights) const override {
    run(y, saved, x, channels(weights, mean(memory), rstd(memory)));
  }

  void observe_backward(MeetingMemory& memory, int tile_index, float* dparameters,
                        const LayerUpstream& upstream, const LayerWeights& weights,
                        const TileInfo& tile) const override {
    float* const dgamma = memory.sums.data() + static_cast<std::size_t>(tile_index) * 2 * channels_;
    BatchNormInputs values = inputs(memory, upstream, weights);
    if (pools()) values.x = upstream.saved;  // the others have no dy
    batch_norm_backward_parameters(dgamma, dgamma + channels_, values, tile.lanes, stored_shape());
    if (norm_.affine) std::copy_n(dgamma, 2 * channels_, dparameters);
  }

  void join_backward(MeetingMemory& memory) const override {
    float* const dgamma = memory.joined.data() + 2 * channels_;
    std::fill_n(dgamma, 2 * channels_, 0.0f);
    for (std::size_t t = 0; t < static_cast<std::size_t>(memory.tiles); ++t) {
      for (std::size_t i = 0; i < 2 * channels_; ++i) {
        dgamma[i] += memory.sums[t * 2 * channels_ + i];
      }
    }
  }

  void backward_joined(float* dx, const MeetingMemory& memory, const LayerUpstream& upstream,
                       const LayerWeights& weights) const override {
    const float* const dgamma = memory.joined.data() + 2 * channels_;
    const double count = static_cast<double>(memory.samples) * input_shape().pixels();
    const BatchNormInputs values = inputs(memory, upstream, weights);
    if (pools()) {
      batch_norm_max_pool_backward_input(dx, {values, upstream.saved, pool_side_}, dgamma,
                                         dgamma + channels_, count, input_shape());
    } else {
      batch_norm_backward_input(dx, values, dgamma, dgamma + channels_, count, input_shape());
    }
  }

  int smallest_batch() const override { return input_shape().pixels() > 1 ? 1 : 2; }

 private:
  bool pools() const { return pool_side_ > 1; }

  void run(float* y, float* extremes, const float* x, const BatchNormChannels& channels) const {
    if (pools()) {
      batch_norm_max_pool_forward(y, extremes, x, channels, input_shape(), pool_side_);
    } else {
      batch_norm_forward(y, x, channels.gamma, channels.beta, channels.mean, channels.rstd,
                         input_shape());
    }
  }

  float rstd(double variance) const {
    return static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(norm_.eps)));
  }

  static float* mean(MeetingMemory& memory) { return memory.joined.data(); }
  static const float* mean(const MeetingMemory& memory) { return memory.joined.data(); }
  float* rstd(MeetingMemory& memory) const { return memory.joined.data() + channels_; }
  const float* rstd(const MeetingMemory& memory) const { return memory.joined.data() + channels_; }

  const float* gamma(const LayerWeights& weights) const {
    return norm_.affine ? weights.parameters : nullptr;
  }
  BatchNormChannels channels(const LayerWeights& weights, const float* mean,
                             const float* rstd) const {
    const float* const beta = norm_.affine ? weights.parameters + channels_ : nullptr;
    return {.gamma = gamma(weights), .beta = beta, .mean = mean, .rstd = rstd};
  }
  BatchNormInputs inputs(const MeetingMemory& memory, const LayerUpstream& upstream,
                         const LayerWeights& weights) const {
    return {.dy = upstream.dy,
            .x = upstream.x,
            .gamma = gamma(weights),
            .mean = mean(memory),
            .rstd = rstd(memory),
            .after_relu = relu_before_};
  }

  std::string where_;
  Norm norm_;
  bool relu_before_ = false;
  int pool_side_ = 1;  // of the windows of the max pool that has been taken over; 1: none
  std::size_t channels_;
};

}  // namespace

std::unique_ptr<Layer> make_batch_norm(const LayerSpec& spec, const LayerPlace& place,
                                       const Norm& norm) {
  return std::make_unique<BatchNormLayer>(spec, place, norm);
}

}  // namespace normlab
