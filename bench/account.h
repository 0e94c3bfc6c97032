// Where the time of a training step goes.
#pragma once

#include <string>
#include <vector>

#include "normlab/nn/work.h"
#include "timing.h"
#include "workload.h"

namespace normlab::bench {

// Everything for one tile of 16 images.
struct LayerTime {
  std::string name;
  std::string type;  // as PyTorch calls it
  std::string output;
  Work work;  // of one image
  double forward_seconds = 0;
  double backward_seconds = 0;
  double forward_bytes = 0;  // of every tile it reads or writes, once each
  double backward_bytes = 0;
};

struct Account {
  Work work;               // of one image
  Share step;              // of the whole training step, all threads
  double layers_peak = 0;  // GFLOP/s of one thread while the layers were timed
  double loss_seconds = 0;
  std::vector<LayerTime> layers;
};

// The layers are run one after another on one thread, in the order and on the places in memory that
// TrainingStep would use if it ran each through nn/layer.h's interface, with a clock between them;
// the sum of their gradients is compared with the step's (throws Error). What a step does outside
// its layers, or saves by doing several at once, is the difference to the whole step.
Account account_of(const WorkloadOptions& options);

}  // namespace normlab::bench
