#include "normlab/nn/step.h"

#include <algorithm>
#include <vector>

#include "normlab/kernels/log_softmax.h"
#include "normlab/kernels/sgd.h"
#include "normlab/nn/layer.h"
#include "normlab/nn/packed_weights.h"
#include "normlab/nn/tile_layout.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

// Grows, never shrinks: the last, short batch of an epoch must not cost an allocation.
void at_least(FloatBuffer& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

}  // namespace

void MeetingMemory::resize(const Meeting& meeting, int batch_samples, int channels) {
  samples = batch_samples;
  tiles = tile_count(batch_samples);
  const auto size = static_cast<std::size_t>(tiles) * static_cast<std::size_t>(channels);
  moments.resize(size);
  sums.resize(2 * size);
  joined.resize(meeting.joined_floats(batch_samples));
}

// The memory of a tile on its way forward and backward. Where tiles never meet, a tile is done with
// before its worker takes the next, so each worker has one and keeps it in its cache; where they
// meet, each tile of the batch needs its own.
class TrainingStep::Implementation {
 public:
  Implementation(Network& network, Workers& workers)
      : network_(network),
        workers_(workers),
        layers_(network.layers()),
        weights_(network),
        layout_(layers_) {
    std::size_t parameter = 0;
    std::size_t buffer = 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const std::size_t count = layers_[i]->parameters().size();
      parameter_offset_.push_back(count > 0 ? network.parameters()[parameter].offset : 0);
      if (count > 0 && first_with_parameters_ == layers_.size()) first_with_parameters_ = i;
      parameter += count;
      const std::size_t buffers = layers_[i]->buffers().size();
      buffer_offset_.push_back(buffers > 0 ? network.buffers()[buffer].offset : 0);
      buffer += buffers;
      if (layers_[i]->meeting()) meetings_.push_back(i);
    }
    meeting_memory_.resize(layers_.size());
  }

  Score run(const Batch& batch) {
    prepare(batch);
    const auto pass = [&](const auto& work) {
      workers_.for_each(tiles_, [&](int tile, int worker) { work(tile, worker); });
    };
    // Forward: from one meeting to the next.
    std::size_t from = 0;
    bool loaded = false;
    for (const std::size_t meeting : meetings_) {
      pass([&](int tile, int worker) {
        Way way(*this, batch, tile, worker);
        if (!loaded) batch.load(way.input(), tile);
        way.forward(from, meeting);
        layers_[meeting]->meeting()->observe_forward(meeting_memory_[meeting], tile, way.x(meeting),
                                                     way.info());
      });
      layers_[meeting]->meeting()->join_forward(meeting_memory_[meeting],
                                                buffers() + buffer_offset_[meeting]);
      from = meeting;
      loaded = true;
    }
    // The last stretch forward, the loss, and the first stretch backward in one go.
    std::size_t to = layers_.size();
    const auto backward = [&](Way& way, std::size_t end) {
      const std::size_t stop = earlier_meeting(end);
      way.backward(end, stop);
      if (stop != kNone) way.observe_backward(stop);
    };
    pass([&](int tile, int worker) {
      Way way(*this, batch, tile, worker);
      if (!loaded) batch.load(way.input(), tile);
      way.forward(from, to);
      scores_[static_cast<std::size_t>(tile)] = way.loss();
      backward(way, to);
    });
    while ((to = earlier_meeting(to)) != kNone) {
      layers_[to]->meeting()->join_backward(meeting_memory_[to]);
      pass([&](int tile, int worker) {
        Way way(*this, batch, tile, worker);
        way.backward_joined(to);
        backward(way, to);
      });
    }
    return finish();
  }

  std::span<const float> gradient() const { return gradient_; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // One tile's way through the layers.
  class Way {
   public:
    Way(Implementation& step, const Batch& batch, int tile, int worker)
        : step_(step), batch_(batch), tile_(tile) {
      const TileLayout& layout = step.layout_;
      info_.scratch =
          step.scratch_.data() + static_cast<std::size_t>(worker) * layout.scratch_floats;
      const int slot = step.meetings_.empty() ? worker : tile;
      memory_ = step.memory_.data() + static_cast<std::size_t>(slot) * layout.tile_floats;
      info_.lanes = lanes_used(batch.samples, tile);
      info_.ids = batch.sample_ids.subspan(static_cast<std::size_t>(tile) * kLanes,
                                           static_cast<std::size_t>(info_.lanes));
      info_.seed = batch.seed;
      info_.epoch = batch.epoch;
    }

    const TileInfo& info() const { return info_; }
    float* input() const { return memory_; }
    const float* x(std::size_t layer) const { return memory_ + step_.layout_.x[layer]; }
    float* y(std::size_t layer) const { return memory_ + step_.layout_.x[layer + 1]; }

    // Layers [from, to); the first may be a meeting that has been joined.
    void forward(std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        info_.norm = norm_before(i);
        const Layer& layer = *step_.layers_[i];
        if (const Meeting* meeting = layer.meeting()) {
          meeting->forward_joined(y(i), saved(i), x(i), step_.meeting_memory_[i], tile_,
                                  step_.weights_[i]);
        } else {
          layer.forward(y(i), saved(i), x(i), step_.weights_[i], info_);
        }
      }
    }

    // Loss and accuracy of this tile; leaves the gradient of the logits where backward() starts.
    TileScore loss() {
      const int classes = step_.network_.classes();
      const float* const logits = memory_ + step_.layout_.x.back();
      float* const log_probabilities = memory_ + step_.layout_.log_probabilities;
      const auto labels = batch_.labels.subspan(static_cast<std::size_t>(tile_) * kLanes);
      log_softmax_forward(log_probabilities, logits, classes);
      log_softmax_nll_backward(upstream(step_.layers_.size()), log_probabilities, labels.data(),
                               info_.lanes, classes, 1.0f / static_cast<float>(batch_.samples));
      return nll_forward(log_probabilities, labels.data(), info_.lanes, classes);
    }

    // Layers end-1, end-2, ... down to the first with parameters, but not `stop`.
    void backward(std::size_t end, std::size_t stop) {
      for (std::size_t i = end; i-- > step_.first_with_parameters_ && i != stop;) {
        info_.wants_dx = i > step_.first_with_parameters_;
        info_.norm = norm_before(i);
        step_.layers_[i]->backward(upstream(i), dparameters(i), read(i), step_.weights_[i], info_);
      }
    }

    void observe_backward(std::size_t i) {
      step_.layers_[i]->meeting()->observe_backward(step_.meeting_memory_[i], tile_, dparameters(i),
                                                    read(i), step_.weights_[i], info_);
    }

    void backward_joined(std::size_t i) {
      step_.layers_[i]->meeting()->backward_joined(upstream(i), step_.meeting_memory_[i], tile_,
                                                   read(i), step_.weights_[i]);
    }

   private:
    LayerUpstream read(std::size_t i) const { return {upstream(i + 1), x(i), y(i), saved(i)}; }
    // The gradient of layer i's input, which is that of layer i-1's output.
    float* upstream(std::size_t i) const { return memory_ + step_.layout_.dx[i]; }
    float* saved(std::size_t i) const { return memory_ + step_.layout_.saved[i]; }
    const float* norm_before(std::size_t i) const {
      return i > 0 ? step_.layers_[i - 1]->left_to_next(saved(i - 1)) : nullptr;
    }
    float* dparameters(std::size_t i) const {
      return step_.dparameters_.data() +
             static_cast<std::size_t>(tile_) * step_.network_.parameter_values().size() +
             step_.parameter_offset_[i];
    }

    Implementation& step_;
    const Batch& batch_;
    int tile_;
    float* memory_;
    TileInfo info_;
  };

  void prepare(const Batch& batch) {
    samples_ = batch.samples;
    tiles_ = tile_count(batch.samples);
    weights_.pack(workers_);
    const auto slots = static_cast<std::size_t>(meetings_.empty() ? workers_.size() : tiles_);
    at_least(memory_, slots * layout_.tile_floats);
    at_least(scratch_, static_cast<std::size_t>(workers_.size()) * layout_.scratch_floats);
    const auto tiles = static_cast<std::size_t>(tiles_);
    at_least(dparameters_, tiles * network_.parameter_values().size());
    gradient_.resize(network_.parameter_values().size());
    scores_.resize(tiles);
    for (const std::size_t meeting : meetings_) {
      meeting_memory_[meeting].resize(*layers_[meeting]->meeting(), samples_,
                                      layers_[meeting]->input_shape().channels);
    }
  }

  // Adds up in tile order, a block of parameters at a time: one that stays in the first-level cache
  // meanwhile.
  Score finish() {
    constexpr std::size_t kBlock = 4096;
    const std::size_t parameters = gradient_.size();
    workers_.for_each(static_cast<int>((parameters + kBlock - 1) / kBlock), [&](int block, int) {
      const std::size_t first = static_cast<std::size_t>(block) * kBlock;
      sum_over_tiles(gradient_.data() + first, dparameters_.data() + first, tiles_,
                     std::min(kBlock, parameters - first), parameters);
    });
    Score score;
    for (const TileScore& tile : scores_) {
      score.loss += tile.loss;
      score.correct += tile.correct;
    }
    return score;
  }

  // The last meeting before layer `end`, if gradients are wanted that far down.
  std::size_t earlier_meeting(std::size_t end) const {
    for (std::size_t i = end; i-- > first_with_parameters_;) {
      if (layers_[i]->meeting()) return i;
    }
    return kNone;
  }

  float* buffers() { return network_.buffer_values().data(); }

  Network& network_;
  Workers& workers_;
  std::span<const std::unique_ptr<Layer>> layers_;
  PackedWeights weights_;
  TileLayout layout_;

  std::vector<std::size_t> meetings_;  // layers whose samples meet, in order
  std::size_t first_with_parameters_ = layers_.size();
  std::vector<std::size_t> parameter_offset_;  // per layer
  std::vector<std::size_t> buffer_offset_;

  int samples_ = 0;
  int tiles_ = 0;
  FloatBuffer memory_;       // [slots][tile_floats]
  FloatBuffer scratch_;      // [workers][scratch_floats]
  FloatBuffer dparameters_;  // [tiles][parameters]
  FloatBuffer gradient_;
  std::vector<TileScore> scores_;
  std::vector<MeetingMemory> meeting_memory_;  // per layer; empty where none meet
};

TrainingStep::TrainingStep(Network& network, Workers& workers)
    : implementation_(std::make_unique<Implementation>(network, workers)) {}
TrainingStep::~TrainingStep() = default;

Score TrainingStep::run(const Batch& batch) { return implementation_->run(batch); }

std::span<const float> TrainingStep::gradient() const { return implementation_->gradient(); }

}  // namespace normlab
