// What is timed: a network that was found to compute the right thing, and batches for it.
#pragma once

#include <filesystem>
#include <vector>

#include "normlab/base/buffer.h"
#include "normlab/base/workers.h"
#include "normlab/nn/network.h"
#include "normlab/nn/norm.h"
#include "normlab/nn/step.h"
#include "parity/exchange.h"

namespace normlab::bench {

struct WorkloadOptions {
  std::filesystem::path model;
  NormKind norm = NormKind::kBatch;
  ConvolutionAlgorithm convolution = ConvolutionAlgorithm::kWinograd;
  float l1 = 0.0f;
  int batch_size = 128;
  int threads = 1;

  NetworkOptions network() const {
    return {.norm = {.kind = norm}, .dropout = {}, .convolution = convolution};
  }
};

// The model with the norm in its placeholders and its own dropout, initialised.
//
// Before that, one step and one evaluation of it are compared with the plain double loops of
// tests/reference; throws Error if they are more than 1e-5 apart (0.3 in bf16): what is wrong is
// not timed.
Network checked_network(const WorkloadOptions& options);

// Batches that lie ready in memory, of images like MNIST in what matters here: half of each is
// background.
std::vector<PlainBatch> random_batches(const Network& network, int samples);

// The bare training: forward, loss, backward and the optimizer's step with momentum and L1 penalty.
class BareTraining {
 public:
  // Refers to both, which must stay where they are.
  BareTraining(Network& network, const WorkloadOptions& options, Workers& workers);

  void step();

  // Throws Error if the weights are no longer finite.
  void check() const;

 private:
  Network& network_;
  float l1_;
  std::vector<PlainBatch> batches_;
  TrainingStep step_;
  FloatBuffer velocity_;
  std::uint32_t done_ = 0;
  double penalty_ = 0;
};

}  // namespace normlab::bench
