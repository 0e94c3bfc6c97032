// Log-softmax and negative log-likelihood of a batch, run through the kernels tile by tile.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/guarded.h"
#include "normlab/kernels/log_softmax.h"
#include "reference/compare.h"
#include "reference/log_softmax.h"
#include "reference/random.h"

namespace normlab {

struct LogSoftmaxProblem {
  int classes = 10;
  int samples = 1;
  std::vector<float> logits;  // [N][classes]
  std::vector<std::uint8_t> labels;

  float scale() const { return 1.0f / static_cast<float>(samples); }
};

inline LogSoftmaxProblem random_log_softmax(reference::Random& random, int classes, int samples,
                                            float mean, float standard_deviation) {
  LogSoftmaxProblem problem{classes, samples, {}, {}};
  problem.logits =
      random.normals(static_cast<std::size_t>(samples * classes), mean, standard_deviation);
  for (int n = 0; n < samples; ++n) {
    problem.labels.push_back(static_cast<std::uint8_t>(random.integer(0, classes - 1)));
  }
  return problem;
}

struct LogSoftmaxOutputs {
  std::vector<float> log_probabilities;
  std::vector<float> dlogits;
  std::vector<float> dlogits_of_unused_lanes;
  TileScore score;
};

inline LogSoftmaxOutputs run_log_softmax(const LogSoftmaxProblem& problem) {
  const Shape shape{problem.classes, 1, 1};
  GuardedTiles logits(shape, problem.samples, problem.logits);
  GuardedTiles log_probabilities(shape, problem.samples);
  GuardedTiles dlogits(shape, problem.samples);
  LogSoftmaxOutputs outputs;
  for (int tile = 0; tile < logits.count(); ++tile) {
    const int lanes = logits.lanes(tile);
    const std::uint8_t* const labels = problem.labels.data() + tile * kLanes;
    log_softmax_forward(log_probabilities.tile(tile), logits.tile(tile), problem.classes);
    const TileScore score =
        nll_forward(log_probabilities.tile(tile), labels, lanes, problem.classes);
    outputs.score.loss += score.loss;
    outputs.score.correct += score.correct;
    log_softmax_nll_backward(dlogits.tile(tile), log_probabilities.tile(tile), labels, lanes,
                             problem.classes, problem.scale());
    for (int i = 0; i < problem.classes * kLanes; ++i) {
      if (i % kLanes >= lanes) outputs.dlogits_of_unused_lanes.push_back(dlogits.tile(tile)[i]);
    }
  }
  outputs.log_probabilities = log_probabilities.values("log-probabilities");
  outputs.dlogits = dlogits.values("dlogits");
  return outputs;
}

}  // namespace normlab
