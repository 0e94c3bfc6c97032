#include "normlab/train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "normlab/base/error.h"
#include "normlab/kernels/log_softmax.h"
#include "normlab/nn/step.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

// Calls take(log_probabilities, first image, lanes) for each tile of the data set.
template <class Take>
void for_each_tile(const Network& network, const Dataset& data, const PixelScale& scale,
                   Workers& workers, const Take& take) {
  check_fit(network, data);
  const TileLoader loader(data, scale);
  std::vector<std::uint32_t> ids(static_cast<std::size_t>(data.size()));
  std::iota(ids.begin(), ids.end(), 0u);
  Batch batch;
  batch.samples = data.size();
  batch.load = [&](float* x, int tile) {
    loader.load(x, std::span(ids).subspan(static_cast<std::size_t>(tile) * kLanes,
                                          static_cast<std::size_t>(lanes_used(data.size(), tile))));
  };
  Inference(network, workers).run(batch, [&](const float* log_probabilities, int tile, int lanes) {
    take(log_probabilities, tile * kLanes, lanes);
  });
}

}  // namespace

void check_fit(const Network& network, const Dataset& data) {
  if (network.input_shape() != data.shape) {
    throw UsageError(fmt::format("the network '{}' reads images of {}, but those of {} are {}",
                                 network.model().name, to_string(network.input_shape()), data.name,
                                 to_string(data.shape)));
  }
  const auto beyond = std::ranges::find_if(
      data.labels, [&](std::uint8_t label) { return label >= network.classes(); });
  if (beyond != data.labels.end()) {
    throw UsageError(fmt::format(
        "the network '{}' tells {} classes apart, but {} has {}: {} image {} is labelled {}",
        network.model().name, network.classes(), data.name, data.classes, data.split,
        beyond - data.labels.begin(), *beyond));
  }
  if (data.size() == 0) {
    throw UsageError(fmt::format("the {} set of {} is empty", data.split, data.name));
  }
}

Evaluation evaluate(const Network& network, const Dataset& data, const PixelScale& scale,
                    Workers& workers) {
  const int classes = network.classes();
  std::vector<TileScore> scores(static_cast<std::size_t>(tile_count(data.size())));
  for_each_tile(network, data, scale, workers,
                [&](const float* log_probabilities, int first, int lanes) {
                  scores[static_cast<std::size_t>(first / kLanes)] =
                      nll_forward(log_probabilities, data.labels.data() + first, lanes, classes);
                });
  Evaluation evaluation;
  for (const TileScore& tile : scores) {  // in tile order, whatever the threads did
    evaluation.loss += tile.loss;
    evaluation.correct += tile.correct;
  }
  evaluation.samples = data.size();
  evaluation.loss /= data.size();
  evaluation.accuracy = 100.0 * evaluation.correct / data.size();
  return evaluation;
}

std::vector<float> predict_probabilities(const Network& network, const Dataset& data,
                                         const PixelScale& scale, Workers& workers) {
  const int classes = network.classes();
  std::vector<float> probabilities(static_cast<std::size_t>(data.size()) *
                                   static_cast<std::size_t>(classes));
  for_each_tile(network, data, scale, workers,
                [&](const float* log_probabilities, int first, int lanes) {
                  for (int lane = 0; lane < lanes; ++lane) {
                    for (int k = 0; k < classes; ++k) {
                      // std::exp in double, rounded: the same on every instruction set.
                      probabilities[static_cast<std::size_t>((first + lane) * classes + k)] =
                          static_cast<float>(
                              std::exp(static_cast<double>(log_probabilities[k * kLanes + lane])));
                    }
                  }
                });
  return probabilities;
}

}  // namespace normlab
