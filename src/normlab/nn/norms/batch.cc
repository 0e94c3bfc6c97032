// Batch normalization (Ioffe & Szegedy, ICML 2015, algorithm 1); the equations stand in
// kernels/batch_norm.h.
#include "normlab/nn/norms/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "normlab/base/error.h"
#include "normlab/kernels/pool2d.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

BatchNormLayer::BatchNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm,
                               const char* type_name, std::size_t arrays)
    : Layer(spec.name, type_name, place.input, place.input),
      norm_(norm),
      channels_(static_cast<std::size_t>(place.input.channels)),
      where_(place.where),
      arrays_(arrays) {}

std::vector<ParameterSpec> BatchNormLayer::parameters() const {
  if (!norm_.affine) return {};
  const int channels = input_shape().channels;
  return {{"weight", ParameterKind::kScale, {channels}, 0, 1.0f},
          {"bias", ParameterKind::kShift, {channels}, 0, 0.0f}};
}

std::vector<ParameterSpec> BatchNormLayer::buffers() const {
  const int channels = input_shape().channels;
  return {{"running_mean", ParameterKind::kShift, {channels}, 0, 0.0f},
          {"running_var", ParameterKind::kScale, {channels}, 0, 1.0f}};
}

// Running mean and rstd, for evaluation; the extremes of a max pool that has been taken over, or
// what is left to the next layer.
LayerMemory BatchNormLayer::memory() const {
  return {.packed = 2 * channels_,
          .saved = pools() ? tile_size(stored_shape()) : (leaves_ ? 3 * channels_ * kLanes : 0)};
}

Shape BatchNormLayer::stored_shape() const {
  return Pool2dShape{output_shape(), pool_side_, pool_side_, pool_side_}.output();
}

void BatchNormLayer::pack(float* packed, const float*, const float* buffers) const {
  for (std::size_t c = 0; c < channels_; ++c) {
    packed[c] = buffers[c];
    packed[channels_ + c] = rstd(static_cast<double>(buffers[channels_ + c]));
  }
}

void BatchNormLayer::infer(float* y, float* scratch, const float* x,
                           const LayerWeights& weights) const {
  run(y, scratch, x, affine(weights, weights.packed, weights.packed + channels_));
}

void BatchNormLayer::forward(float*, float*, const float*, const LayerWeights&,
                             const TileInfo&) const {
  throw std::logic_error("a batch norm's tiles must meet");
}

void BatchNormLayer::backward(float*, float*, const LayerUpstream&, const LayerWeights&,
                              const TileInfo&) const {
  throw std::logic_error("a batch norm's tiles must meet");
}

std::size_t BatchNormLayer::joined_floats(int samples) const {
  return sets(samples) * arrays_ * channels_;
}

void BatchNormLayer::observe_forward(MeetingMemory& memory, int tile_index, const float* x,
                                     const TileInfo& tile) const {
  const auto mine = std::span(memory.moments)
                        .subspan(static_cast<std::size_t>(tile_index) * channels_, channels_);
  batch_norm_moments(mine, x, tile.lanes, input_shape());
}

void BatchNormLayer::join_forward(MeetingMemory& memory, float* buffers) const {
  float* const running_mean = buffers;
  float* const running_var = buffers + channels_;
  for (std::size_t index = 0; index < sets(memory.samples); ++index) {
    const Set part = set(memory, index);
    for (std::size_t c = 0; c < channels_; ++c) {
      Moments all;
      for (std::size_t t = part.tiles_begin; t < part.tiles_end; ++t) {
        all = all.merged_with(memory.moments[t * channels_ + c]);
      }
      if (all.count < 2) {
        throw Error(fmt::format(
            "{}: batch norm cannot be trained on one value per channel: a batch of {} with {}x{} "
            "pixels; use batches of at least {}, or a group, layer or instance norm",
            where_, memory.samples, input_shape().height, input_shape().width, smallest_batch()));
      }
      settle(joined(memory, part), c, all, running_mean[c], running_var[c]);
      const auto average = [&](float& running, double now) {
        const double weight = static_cast<double>(norm_.momentum);
        running = static_cast<float>((1 - weight) * static_cast<double>(running) + weight * now);
      };
      average(running_mean[c], all.mean);
      average(running_var[c], all.squares / (all.count - 1));
    }
  }
}

void BatchNormLayer::settle(float* joined, std::size_t c, const Moments& set, float, float) const {
  joined[c] = static_cast<float>(set.mean);
  joined[channels_ + c] = rstd(set.squares / set.count);
}

void BatchNormLayer::forward_joined(float* y, float* saved, const float* x,
                                    const MeetingMemory& memory, int tile_index,
                                    const LayerWeights& weights) const {
  const float* const mean = joined(memory, set_of_tile(memory, tile_index));
  const BatchNormChannels channels = affine(weights, mean, mean + channels_);
  if (leaves_) {
    leave(saved, channels);
  } else {
    run(y, saved, x, channels);
  }
}

void BatchNormLayer::observe_backward(MeetingMemory& memory, int tile_index, float* dparameters,
                                      const LayerUpstream& upstream, const LayerWeights& weights,
                                      const TileInfo& tile) const {
  float* const dgamma = memory.sums.data() + static_cast<std::size_t>(tile_index) * 2 * channels_;
  BatchNormInputs values =
      inputs(joined(memory, set_of_tile(memory, tile_index)), upstream, weights);
  if (pools()) values.x = upstream.saved;  // the others have no dy
  batch_norm_backward_parameters(dgamma, dgamma + channels_, values, tile.lanes, stored_shape());
  if (norm_.affine) std::copy_n(dgamma, 2 * channels_, dparameters);
}

void BatchNormLayer::join_backward(MeetingMemory& memory) const {
  for (std::size_t index = 0; index < sets(memory.samples); ++index) {
    const Set part = set(memory, index);
    float* const dgamma = joined(memory, part) + 2 * channels_;
    std::fill_n(dgamma, 2 * channels_, 0.0f);
    for (std::size_t t = part.tiles_begin; t < part.tiles_end; ++t) {
      for (std::size_t i = 0; i < 2 * channels_; ++i) {
        dgamma[i] += memory.sums[t * 2 * channels_ + i];
      }
    }
    settle_sums(joined(memory, part));
  }
}

void BatchNormLayer::backward_joined(float* dx, const MeetingMemory& memory, int tile_index,
                                     const LayerUpstream& upstream,
                                     const LayerWeights& weights) const {
  const Set part = set_of_tile(memory, tile_index);
  const float* const dgamma = joined(memory, part) + 2 * channels_;
  const double count = static_cast<double>(part.samples) * input_shape().pixels();
  const BatchNormInputs values = inputs(joined(memory, part), upstream, weights);
  if (pools()) {
    batch_norm_max_pool_backward_input(dx, {values, upstream.saved, pool_side_}, dgamma,
                                       dgamma + channels_, count, input_shape());
  } else {
    batch_norm_backward_input(dx, values, dgamma, dgamma + channels_, count, input_shape());
  }
}

std::size_t BatchNormLayer::sets(int samples) const {
  return static_cast<std::size_t>(std::max(1, samples / samples_at_once(samples)));
}

BatchNormLayer::Set BatchNormLayer::set(const MeetingMemory& memory, std::size_t index) const {
  const auto at_once = static_cast<std::size_t>(samples_at_once(memory.samples));
  const std::size_t begin = index * at_once / kLanes;
  if (index + 1 < sets(memory.samples)) {
    return {index, begin, begin + at_once / kLanes, static_cast<int>(at_once)};
  }
  return {index, begin, static_cast<std::size_t>(memory.tiles),
          memory.samples - static_cast<int>(index * at_once)};
}

BatchNormLayer::Set BatchNormLayer::set_of_tile(const MeetingMemory& memory, int tile_index) const {
  const int index = tile_index * kLanes / samples_at_once(memory.samples);
  return set(memory, std::min(static_cast<std::size_t>(index), sets(memory.samples) - 1));
}

const float* BatchNormLayer::joined(const MeetingMemory& memory, const Set& set) const {
  return memory.joined.data() + set.index * arrays_ * channels_;
}

float* BatchNormLayer::joined(MeetingMemory& memory, const Set& set) const {
  return memory.joined.data() + set.index * arrays_ * channels_;
}

void BatchNormLayer::run(float* y, float* extremes, const float* x,
                         const BatchNormChannels& channels) const {
  if (pools()) {
    batch_norm_max_pool_forward(y, extremes, x, channels, input_shape(), pool_side_);
  } else {
    batch_norm_forward(y, x, channels, input_shape());
  }
}

// What left_to_next() says.
void BatchNormLayer::leave(float* terms, const BatchNormChannels& channels) const {
  for (std::size_t c = 0; c < channels_; ++c, terms += 3 * kLanes) {
    std::fill_n(terms, kLanes, channels.mean[c]);
    std::fill_n(terms + kLanes, kLanes,
                (channels.gamma ? channels.gamma[c] : 1) * channels.rstd[c]);
    std::fill_n(terms + 2 * kLanes, kLanes, channels.beta ? channels.beta[c] : 0);
  }
}

float BatchNormLayer::rstd(double variance) const {
  return static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(norm_eps(norm_))));
}

BatchNormChannels BatchNormLayer::affine(const LayerWeights& weights, const float* mean,
                                         const float* rstd) const {
  const float* const beta = norm_.affine ? weights.parameters + channels_ : nullptr;
  return {.gamma = gamma(weights), .beta = beta, .mean = mean, .rstd = rstd, .relu = relu_after_};
}

BatchNormInputs BatchNormLayer::inputs(const float* joined, const LayerUpstream& upstream,
                                       const LayerWeights& weights) const {
  return {.dy = upstream.dy,
          .x = upstream.x,
          .gamma = gamma(weights),
          .mean = joined,
          .rstd = joined + channels_,
          .after_relu = relu_before_};
}

const NormType norms::batch = {.name = "batch",
                               .short_name = "BN",
                               .title = "Batch",
                               .noun = "batch norm",
                               .reads = kReadsEps | kReadsMomentum | kReadsAffine,
                               .make = [](const LayerSpec& spec, const LayerPlace& place,
                                          const Norm& norm) -> std::unique_ptr<Layer> {
                                 return std::make_unique<BatchNormLayer>(spec, place, norm);
                               }};

}  // namespace normlab
