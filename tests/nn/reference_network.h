// A whole network in double and in plain loops: the references of tests/reference in a row.
#pragma once

#include <cstdint>
#include <vector>

#include "normlab/nn/network.h"
#include "reference/array.h"

namespace normlab {

struct ReferenceBatch {
  reference::Array4<double> x;
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> sample_ids;
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
};

struct ReferenceResult {
  reference::Array4<double> log_probabilities;
  double loss = 0;  // sum over the samples
  int correct = 0;
  std::vector<double> gradient;  // of loss / samples, in the order of Network::parameters()
  std::vector<double> buffers;   // running statistics afterwards
};

// Reads of the network only what is written down about it: the model and options it was made of,
// and the names, offsets and shapes of its parameters.
class ReferenceNetwork {
 public:
  explicit ReferenceNetwork(const Network& network);

  std::vector<double> parameters;
  std::vector<double> buffers;

  // Training mode: statistics of the batch, dropout; `buffers` stay as they are.
  ReferenceResult train(const ReferenceBatch& batch) const;

  // The same without the gradient.
  ReferenceResult train_forward(const ReferenceBatch& batch) const;

  // Evaluation mode; no gradient.
  ReferenceResult evaluate(const ReferenceBatch& batch) const;

 private:
  const Network& network_;
};

}  // namespace normlab
