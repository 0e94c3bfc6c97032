// A training step written out layer by layer, with a clock between them.
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "normlab/base/buffer.h"
#include "normlab/nn/layer.h"
#include "normlab/nn/network.h"
#include "normlab/nn/packed_weights.h"
#include "normlab/nn/step.h"
#include "normlab/nn/tile_layout.h"

namespace normlab::bench {

class LayerWalk {
 public:
  // Refers to the network. Batches must have that many samples.
  LayerWalk(Network& network, int samples);

  // Seconds of one run, over all tiles; by layer.
  struct Times {
    std::vector<double> forward;
    std::vector<double> backward;
    double loss = 0;
  };
  Times run(const Batch& batch);

  // dL/dp of the last run, as TrainingStep::gradient().
  std::vector<float> gradient() const;

 private:
  struct Tile;

  void forward(Tile& tile, std::size_t from, std::size_t to);
  void loss(Tile& tile);
  void backward(Tile& tile, std::size_t end);
  std::size_t meeting_before(std::size_t end) const;
  LayerUpstream upstream(const Tile& tile, std::size_t layer);
  float* dx(const Tile& tile, std::size_t layer);
  const float* norm_before(const Tile& tile, std::size_t layer);
  float* dparameters(const Tile& tile, std::size_t layer);

  template <class Work>
  void timed(double& seconds, const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  Network& network_;
  std::span<const std::unique_ptr<Layer>> layers_;
  PackedWeights weights_;
  TileLayout layout_;
  int samples_;
  int tiles_;
  std::size_t first_with_parameters_;
  std::vector<std::size_t> meetings_;
  std::vector<std::size_t> parameter_offset_;
  std::vector<std::size_t> buffer_offset_;
  FloatBuffer memory_;
  FloatBuffer scratch_;
  FloatBuffer dparameters_;
  std::vector<MeetingMemory> meeting_memory_;
  Times times_;
};

}  // namespace normlab::bench
