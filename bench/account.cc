#include "account.h"

#include <fmt/core.h>

#include <algorithm>

#include "layer_walk.h"
#include "machine.h"
#include "nn/test_networks.h"
#include "normlab/base/error.h"
#include "normlab/tensor/tiles.h"

namespace normlab::bench {
namespace {

constexpr int kRounds = 40;

// Of steps. What else the machine does comes in bursts of a tenth of a second and more; a group of
// rounds takes twice as long.
constexpr int kGroups = 7;
constexpr int kRoundsOfSteps = 40;

double tile_bytes(const Shape& shape) {
  return static_cast<double>(tile_size(shape) * sizeof(float));
}

LayerTime describe(const Layer& layer, const Work& work) {
  LayerTime time;
  time.name = layer.name();
  time.type = layer.type_name();
  time.output = to_string(layer.output_shape());
  time.work = work;
  const double x = tile_bytes(layer.input_shape());
  const double y = tile_bytes(layer.output_shape());
  time.forward_bytes = x + y;
  time.backward_bytes = x + y + (layer.reads_input() ? x : 0) + (layer.reads_output() ? y : 0);
  return time;
}

// That the walk does what the step does. Not to the last bits: a step that adds in another order
// may decide a ReLU near 0 differently.
void compare(LayerWalk& walk, Network& network, const Batch& batch) {
  Workers one(1);
  TrainingStep step(network, one);
  step.run(batch);
  walk.run(batch);
  const auto expected = step.gradient();
  const double apart =
      relative_distance(walk.gradient(), std::vector<double>(expected.begin(), expected.end()));
  if (!(apart < 1e-3)) {
    throw Error(fmt::format("layer by layer, the gradient is {:.1e} away from the step's", apart));
  }
}

void time_layers(Account& account, Network& network, const Batch& batch) {
  LayerWalk walk(network, batch.samples);
  compare(walk, network, batch);
  Workers one(1);
  LayerWalk::Times best = walk.run(batch);
  for (int round = 0; round < kRounds; ++round) {
    account.layers_peak = std::max(account.layers_peak, multiply_add_rate(one));
    const LayerWalk::Times now = walk.run(batch);
    for (std::size_t i = 0; i < best.forward.size(); ++i) {
      best.forward[i] = std::min(best.forward[i], now.forward[i]);
      best.backward[i] = std::min(best.backward[i], now.backward[i]);
    }
    best.loss = std::min(best.loss, now.loss);
  }
  const std::vector<Work> works = work_per_layer(network);
  const int tiles = tile_count(batch.samples);
  for (std::size_t i = 0; i < works.size(); ++i) {
    LayerTime time = describe(*network.layers()[i], works[i]);
    time.forward_seconds = best.forward[i] / tiles;
    time.backward_seconds = best.backward[i] / tiles;
    account.layers.push_back(time);
  }
  account.loss_seconds = best.loss / tiles;
}

}  // namespace

Account account_of(const WorkloadOptions& options) {
  Network network = checked_network(options);
  Account account;
  account.work = work_of(network);

  const std::vector<PlainBatch> batches = random_batches(network, options.batch_size);
  time_layers(account, network, batches.front().batch());

  Workers workers(options.threads);
  BareTraining training(network, options, workers);
  const double operations =
      2.0 * static_cast<double>(account.work.training_step()) * options.batch_size;
  account.step =
      share_of_peak([&] { training.step(); }, operations, workers, kGroups, kRoundsOfSteps);
  training.check();
  return account;
}

}  // namespace normlab::bench
