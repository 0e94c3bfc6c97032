#include "layer_walk.h"

#include <algorithm>

#include "normlab/kernels/log_softmax.h"
#include "normlab/tensor/tiles.h"

namespace normlab::bench {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

}  // namespace

struct LayerWalk::Tile {
  int index;
  float* memory;
  const Batch& batch;
  TileInfo info;
};

LayerWalk::LayerWalk(Network& network, int samples)
    : network_(network),
      layers_(network.layers()),
      weights_(network),
      layout_(layers_),
      samples_(samples),
      tiles_(tile_count(samples)),
      first_with_parameters_(layers_.size()),
      meeting_memory_(layers_.size()) {
  std::size_t parameter = 0;
  std::size_t buffer = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = *layers_[i];
    const std::size_t parameters = layer.parameters().size();
    const std::size_t buffers = layer.buffers().size();
    parameter_offset_.push_back(parameters > 0 ? network.parameters()[parameter].offset : 0);
    buffer_offset_.push_back(buffers > 0 ? network.buffers()[buffer].offset : 0);
    parameter += parameters;
    buffer += buffers;
    if (parameters > 0) first_with_parameters_ = std::min(first_with_parameters_, i);
    if (layer.meeting() != nullptr) {
      meetings_.push_back(i);
      meeting_memory_[i].resize(*layer.meeting(), samples, layer.input_shape().channels);
    }
  }
  const auto slots = static_cast<std::size_t>(meetings_.empty() ? 1 : tiles_);
  memory_.resize(slots * layout_.tile_floats);
  scratch_.resize(layout_.scratch_floats);
  dparameters_.resize(static_cast<std::size_t>(tiles_) * network.parameter_values().size());
}

LayerWalk::Times LayerWalk::run(const Batch& batch) {
  times_ = {std::vector<double>(layers_.size()), std::vector<double>(layers_.size()), 0};
  Workers one(1);
  weights_.pack(one);
  const auto each_tile = [&](const auto& work) {
    for (int t = 0; t < tiles_; ++t) {
      const auto slot = static_cast<std::size_t>(meetings_.empty() ? 0 : t);
      Tile tile{t, memory_.data() + slot * layout_.tile_floats, batch, {}};
      tile.info.lanes = lanes_used(samples_, t);
      tile.info.ids = batch.sample_ids.subspan(static_cast<std::size_t>(t) * kLanes,
                                               static_cast<std::size_t>(tile.info.lanes));
      tile.info.scratch = scratch_.data();
      tile.info.seed = batch.seed;
      tile.info.epoch = batch.epoch;
      work(tile);
    }
  };
  std::size_t from = 0;
  const auto forward_to = [&](Tile& tile, std::size_t to) {
    if (from == 0) batch.load(tile.memory, tile.index);
    forward(tile, from, to);
  };
  for (const std::size_t i : meetings_) {
    const Meeting& meeting = *layers_[i]->meeting();
    each_tile([&](Tile& tile) {
      forward_to(tile, i);
      timed(times_.forward[i], [&] {
        meeting.observe_forward(meeting_memory_[i], tile.index, tile.memory + layout_.x[i],
                                tile.info);
      });
    });
    timed(times_.forward[i], [&] {
      meeting.join_forward(meeting_memory_[i], network_.buffer_values().data() + buffer_offset_[i]);
    });
    from = i;
  }
  std::size_t to = layers_.size();
  each_tile([&](Tile& tile) {
    forward_to(tile, to);
    timed(times_.loss, [&] { loss(tile); });
    backward(tile, to);
  });
  while ((to = meeting_before(to)) != kNone) {
    const Meeting& meeting = *layers_[to]->meeting();
    timed(times_.backward[to], [&] { meeting.join_backward(meeting_memory_[to]); });
    each_tile([&](Tile& tile) {
      timed(times_.backward[to], [&] {
        meeting.backward_joined(dx(tile, to), meeting_memory_[to], tile.index, upstream(tile, to),
                                weights_[to]);
      });
      backward(tile, to);
    });
  }
  return times_;
}

std::vector<float> LayerWalk::gradient() const {
  std::vector<float> sum(network_.parameter_values().size(), 0.0f);
  for (std::size_t i = 0; i < dparameters_.size(); ++i) sum[i % sum.size()] += dparameters_[i];
  return sum;
}

// Layers [from, to); the first may be a meeting that has been joined.
void LayerWalk::forward(Tile& tile, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    float* const y = tile.memory + layout_.x[i + 1];
    const float* const x = tile.memory + layout_.x[i];
    tile.info.norm = norm_before(tile, i);
    timed(times_.forward[i], [&] {
      if (const Meeting* meeting = layers_[i]->meeting()) {
        meeting->forward_joined(y, tile.memory + layout_.saved[i], x, meeting_memory_[i],
                                tile.index, weights_[i]);
      } else {
        layers_[i]->forward(y, tile.memory + layout_.saved[i], x, weights_[i], tile.info);
      }
    });
  }
}

void LayerWalk::loss(Tile& tile) {
  const int classes = network_.classes();
  float* const log_probabilities = tile.memory + layout_.log_probabilities;
  const auto* const labels =
      tile.batch.labels.subspan(static_cast<std::size_t>(tile.index) * kLanes).data();
  log_softmax_forward(log_probabilities, tile.memory + layout_.x.back(), classes);
  log_softmax_nll_backward(dx(tile, layers_.size()), log_probabilities, labels, tile.info.lanes,
                           classes, 1.0f / static_cast<float>(samples_));
  nll_forward(log_probabilities, labels, tile.info.lanes, classes);
}

// Layers end-1, end-2, ... down to the first with parameters, or to a meeting, which is observed.
void LayerWalk::backward(Tile& tile, std::size_t end) {
  const std::size_t stop = meeting_before(end);
  for (std::size_t i = end; i-- > first_with_parameters_ && i != stop;) {
    tile.info.wants_dx = i > first_with_parameters_;
    tile.info.norm = norm_before(tile, i);
    timed(times_.backward[i], [&] {
      layers_[i]->backward(dx(tile, i), dparameters(tile, i), upstream(tile, i), weights_[i],
                           tile.info);
    });
  }
  if (stop == kNone) return;
  timed(times_.backward[stop], [&] {
    layers_[stop]->meeting()->observe_backward(meeting_memory_[stop], tile.index,
                                               dparameters(tile, stop), upstream(tile, stop),
                                               weights_[stop], tile.info);
  });
}

std::size_t LayerWalk::meeting_before(std::size_t end) const {
  for (std::size_t i = end; i-- > first_with_parameters_;) {
    if (layers_[i]->meeting() != nullptr) return i;
  }
  return kNone;
}

LayerUpstream LayerWalk::upstream(const Tile& tile, std::size_t layer) {
  return {dx(tile, layer + 1), tile.memory + layout_.x[layer], tile.memory + layout_.x[layer + 1],
          tile.memory + layout_.saved[layer]};
}

float* LayerWalk::dx(const Tile& tile, std::size_t layer) {
  return tile.memory + layout_.dx[layer];
}

const float* LayerWalk::norm_before(const Tile& tile, std::size_t layer) {
  if (layer == 0) return nullptr;
  return layers_[layer - 1]->left_to_next(tile.memory + layout_.saved[layer - 1]);
}

float* LayerWalk::dparameters(const Tile& tile, std::size_t layer) {
  return dparameters_.data() +
         static_cast<std::size_t>(tile.index) * network_.parameter_values().size() +
         parameter_offset_[layer];
}

}  // namespace normlab::bench
