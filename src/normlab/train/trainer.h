// Trains one network: epochs of steps, each followed by a look at images it does not learn from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "normlab/base/buffer.h"
#include "normlab/base/error.h"
#include "normlab/base/workers.h"
#include "normlab/data/dataset.h"
#include "normlab/nn/network.h"
#include "normlab/train/history.h"
#include "normlab/train/recipe.h"

namespace normlab {

// A loss that became NaN or infinite. The message names epoch, batch and the usual causes.
class DivergedError : public Error {
 public:
  using Error::Error;
};

// Where an epoch stands, after each batch.
struct Progress {
  int epoch = 0;  // from 1
  int epochs = 0;
  int batch = 0;  // batches done in this epoch
  int batches = 0;
  int images = 0;       // images seen in this epoch
  double loss = 0;      // mean over the images seen in this epoch
  double accuracy = 0;  // percent, likewise
  double images_per_second = 0;
};

// Everything that the next epoch depends on, besides recipe and data. Between epochs, saving and
// restoring it changes no bit of what follows.
struct TrainingState {
  int epochs_done = 0;
  FloatBuffer parameters;  // in the order of Network::parameters()
  FloatBuffer velocity;    // likewise
  FloatBuffer buffers;     // running statistics, in the order of Network::buffers()
};

class Trainer {
 public:
  // The network keeps the weights it has. With `validation` images, those are scored after each
  // epoch, and the test images once, after the last. Throws UsageError if images and network do not
  // fit.
  Trainer(Network& network, const Dataset& train, const Dataset& test, const Recipe& recipe,
          Workers& workers, const Dataset* validation = nullptr);
  ~Trainer();

  int epochs_done() const;

  // Trains the next epoch and evaluates. `progress` is called after each batch (may be empty); if
  // it returns false, Interrupted is thrown, and the state is that of the middle of an epoch.
  EpochRecord run_epoch(const std::function<bool(const Progress&)>& progress);

  TrainingState state() const;
  // Throws Error if the sizes do not fit the network.
  void restore(const TrainingState& state);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace normlab
