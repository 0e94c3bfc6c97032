// One step of a network over a batch: forward, loss, backward.
//
// Between two places where samples must meet (the statistics of a batch norm) a tile runs alone
// through its layers; the step cuts the row of layers into passes at those places, and threads
// share out the tiles of each pass. Partial sums are kept per tile and added in tile order, so the
// result has the same bits with any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "normlab/base/workers.h"
#include "normlab/nn/network.h"

namespace normlab {

struct Batch {
  int samples = 0;
  // Writes the input of one tile, [C][H][W][16], into `x`; unused lanes get finite numbers. Called
  // once per tile, from any worker.
  std::function<void(float* x, int tile)> load;
  std::span<const std::uint8_t> labels;       // [samples]
  std::span<const std::uint32_t> sample_ids;  // [samples]: positions in the data set
  std::uint64_t seed = 0;                     // with epoch and sample_ids: what dropout draws from
  std::uint32_t epoch = 0;
};

struct Score {
  double loss = 0;  // sum of the negative log-likelihood over the samples
  int correct = 0;
};

class TrainingStep {
 public:
  // Refers to both, which must stay where they are.
  TrainingStep(Network& network, Workers& workers);
  ~TrainingStep();

  // Forward and backward of the mean negative log-likelihood of the batch, in training mode;
  // running statistics are updated. gradient() is assigned.
  Score run(const Batch& batch);

  // dL/dp for each of the network's parameters, in their order.
  std::span<const float> gradient() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// The network's log-probabilities in evaluation mode: running statistics, no dropout.
class Inference {
 public:
  // Refers to both, which must stay where they are.
  Inference(const Network& network, Workers& workers);
  ~Inference();

  // Calls take(log_probabilities [classes][16], tile, lanes) once per tile, from any worker. Only
  // `samples` and `load` of the batch are used.
  using Take = std::function<void(const float* log_probabilities, int tile, int lanes)>;
  void run(const Batch& batch, const Take& take);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace normlab
