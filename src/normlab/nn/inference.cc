#include <algorithm>
#include <vector>

#include "normlab/kernels/log_softmax.h"
#include "normlab/nn/layer.h"
#include "normlab/nn/packed_weights.h"
#include "normlab/nn/step.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

// Nothing is kept for a backward, so two places per worker take turns.
class Inference::Implementation {
 public:
  Implementation(const Network& network, Workers& workers)
      : network_(network), workers_(workers), weights_(network) {
    largest_ = tile_size(network.input_shape());
    for (const auto& layer : network.layers()) {
      largest_ = std::max(largest_, tile_size(layer->output_shape()));
      scratch_ = std::max({scratch_, layer->memory().saved, layer->memory().scratch});
    }
    scratch_ = (scratch_ + kLanes - 1) / kLanes * kLanes;
    memory_.resize(static_cast<std::size_t>(workers.size()) * (2 * largest_ + scratch_));
  }

  void run(const Batch& batch, const Take& take) {
    weights_.pack(workers_);
    workers_.for_each(tile_count(batch.samples), [&](int tile, int worker) {
      float* x = memory_.data() + static_cast<std::size_t>(worker) * (2 * largest_ + scratch_);
      float* other = x + largest_;
      float* const scratch = other + largest_;
      batch.load(x, tile);
      for (std::size_t i = 0; i < network_.layers().size(); ++i) {
        const Layer& layer = *network_.layers()[i];
        if (layer.in_place()) {
          layer.infer(x, scratch, x, weights_[i]);
        } else {
          layer.infer(other, scratch, x, weights_[i]);
          std::swap(x, other);
        }
      }
      log_softmax_forward(x, x, network_.classes());
      take(x, tile, lanes_used(batch.samples, tile));
    });
  }

 private:
  const Network& network_;
  Workers& workers_;
  PackedWeights weights_;
  std::size_t largest_ = 0;
  std::size_t scratch_ = 0;
  FloatBuffer memory_;  // per worker: two tiles and the scratch
};

Inference::Inference(const Network& network, Workers& workers)
    : implementation_(std::make_unique<Implementation>(network, workers)) {}
Inference::~Inference() = default;

void Inference::run(const Batch& batch, const Take& take) { implementation_->run(batch, take); }

}  // namespace normlab
