// Log-softmax and the negative log-likelihood on one tile of logits [classes][16].
#pragma once

#include <cstdint>

namespace normlab {

// log_probabilities = logits - max - log(sum exp(logits - max)), assigned; may be logits.
void log_softmax_forward(float* log_probabilities, const float* logits, int classes);

// losses[lane] = -log_probabilities[label][lane] and correct[lane] = 1 if no class has a larger
// log-probability than the first largest, which is the label; for lanes < `lanes`.
struct TileScore {
  double loss = 0;  // sum over the lanes
  int correct = 0;
};
TileScore nll_forward(const float* log_probabilities, const std::uint8_t* labels, int lanes,
                      int classes);

// dlogits = (softmax - onehot(label)) * scale for lanes < `lanes`, 0 in the other lanes; assigned.
// scale is 1 / batch size for the mean loss of a batch.
void log_softmax_nll_backward(float* dlogits, const float* log_probabilities,
                              const std::uint8_t* labels, int lanes, int classes, float scale);

}  // namespace normlab
