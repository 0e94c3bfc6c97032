// Scores a network on a data set, with running statistics and without dropout.
#pragma once

#include <cstdint>
#include <vector>

#include "normlab/base/workers.h"
#include "normlab/data/dataset.h"
#include "normlab/data/tile_loader.h"
#include "normlab/nn/network.h"

namespace normlab {

struct Evaluation {
  double loss = 0;      // mean negative log-likelihood
  double accuracy = 0;  // percent
  int correct = 0;
  int samples = 0;
};

// Throws UsageError if the network does not read images like these, tells fewer classes apart, or
// there are none.
void check_fit(const Network& network, const Dataset& data);

Evaluation evaluate(const Network& network, const Dataset& data, const PixelScale& scale,
                    Workers& workers);

// The probability of each class for each image: [N][classes].
std::vector<float> predict_probabilities(const Network& network, const Dataset& data,
                                         const PixelScale& scale, Workers& workers);

}  // namespace normlab
