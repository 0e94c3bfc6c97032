// Small networks that between them have every layer, in every place that matters to the step.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nn/reference_network.h"
#include "normlab/nn/network.h"
#include "normlab/nn/step.h"
#include "reference/random.h"

namespace normlab {

// Every layer once, an overlapping pool, a rectangular kernel, stride and padding.
inline constexpr const char* kEveryLayer = R"(
name = "every layer"
input = [2, 9, 8]
[[layer]]
type = "conv"
out = 6
kernel = 3
padding = 1
bias = true
[[layer]]
type = "norm"
[[layer]]
type = "relu"
[[layer]]
type = "max_pool"
kernel = 3
stride = 2
[[layer]]
type = "dropout2d"
probability = 0.3
[[layer]]
type = "conv"
out = 4
kernel = [2, 3]
stride = 2
padding = 1
[[layer]]
type = "norm"
[[layer]]
type = "relu"
[[layer]]
type = "dropout"
probability = 0.2
[[layer]]
type = "average_pool"
kernel = 2
stride = 1
[[layer]]
type = "flatten"
[[layer]]
type = "linear"
out = 5
bias = true
)";

// A norm first, two in a row, one after a pool, one before a pool.
inline constexpr const char* kNormsEverywhere = R"(
name = "norms everywhere"
input = [4, 7, 6]
[[layer]]
type = "norm"
[[layer]]
type = "conv"
out = 6
kernel = 3
[[layer]]
type = "norm"
[[layer]]
type = "norm"
[[layer]]
type = "relu"
[[layer]]
type = "max_pool"
kernel = 2
stride = 1
[[layer]]
type = "norm"
[[layer]]
type = "conv"
out = 4
kernel = 1
bias = true
[[layer]]
type = "norm"
[[layer]]
type = "max_pool"
kernel = [4, 3]
)";

// Layers that work in place one after another, and next to layers that need what stood there.
inline constexpr const char* kInPlace = R"(
name = "in place"
input = [1, 6, 6]
[[layer]]
type = "relu"
[[layer]]
type = "dropout"
probability = 0.1
[[layer]]
type = "conv"
out = 4
kernel = 3
[[layer]]
type = "dropout"
probability = 0.25
[[layer]]
type = "relu"
[[layer]]
type = "dropout2d"
probability = 0.25
[[layer]]
type = "norm"
[[layer]]
type = "dropout"
probability = 0.25
[[layer]]
type = "max_pool"
kernel = 2
[[layer]]
type = "dropout"
probability = 0.25
[[layer]]
type = "flatten"
[[layer]]
type = "relu"
[[layer]]
type = "linear"
out = 12
bias = true
[[layer]]
type = "relu"
[[layer]]
type = "linear"
out = 3
)";

// Norms by their own names; a batch norm last of all, of one number per sample and channel.
inline constexpr const char* kNamedNorms = R"(
name = "named norms"
input = [3, 5, 5]
[[layer]]
type = "conv"
out = 6
kernel = 2
[[layer]]
type = "group_norm"
groups = 3
[[layer]]
type = "relu"
[[layer]]
type = "conv"
out = 6
kernel = 2
[[layer]]
type = "instance_norm"
[[layer]]
type = "conv"
out = 6
kernel = 1
[[layer]]
type = "layer_norm"
[[layer]]
type = "relu"
[[layer]]
type = "global_average_pool"
[[layer]]
type = "linear"
out = 4
[[layer]]
name = "last"
type = "batch_norm"
)";

// Max pools whose windows stand side by side, each after a norm, which does their work: first of
// all, after a ReLU, and before layers that work in place.
inline constexpr const char* kPooledNorms = R"(
name = "pooled norms"
input = [4, 13, 11]
[[layer]]
type = "norm"
[[layer]]
type = "max_pool"
kernel = 3
[[layer]]
type = "dropout"
probability = 0.1
[[layer]]
type = "conv"
out = 6
kernel = 2
padding = 1
[[layer]]
type = "relu"
[[layer]]
type = "norm"
[[layer]]
type = "max_pool"
kernel = 2
[[layer]]
type = "relu"
[[layer]]
type = "conv"
out = 4
kernel = 1
[[layer]]
type = "norm"
[[layer]]
type = "max_pool"
kernel = 1
[[layer]]
type = "flatten"
[[layer]]
type = "linear"
out = 5
)";

// The same with a ReLU between the norm and the pool, and with layers after the pool that would
// overwrite what the ReLU's backward reads, if it was not noticed where that stands.
inline constexpr const char* kPooledRelus = R"(
name = "pooled ReLUs"
input = [3, 14, 13]
[[layer]]
type = "conv"
out = 4
kernel = 3
[[layer]]
type = "norm"
[[layer]]
type = "relu"
[[layer]]
type = "max_pool"
kernel = 2
[[layer]]
type = "dropout"
probability = 0.3
[[layer]]
type = "conv"
out = 6
kernel = 2
[[layer]]
type = "norm"
[[layer]]
type = "relu"
[[layer]]
type = "max_pool"
kernel = 2
[[layer]]
type = "flatten"
[[layer]]
type = "dropout"
probability = 0.2
[[layer]]
type = "linear"
out = 5
bias = true
)";

// A pool right after a norm that cannot do its work, and average pools after ReLUs: with gaps
// between the windows, and with windows that overlap.
inline constexpr const char* kAveragePools = R"(
name = "average pools"
input = [2, 11, 12]
[[layer]]
type = "conv"
out = 4
kernel = 3
[[layer]]
type = "norm"
[[layer]]
type = "max_pool"
kernel = 3
stride = 2
[[layer]]
type = "conv"
out = 6
kernel = 1
padding = 1
[[layer]]
type = "relu"
[[layer]]
type = "average_pool"
kernel = 2
stride = 3
[[layer]]
type = "norm"
[[layer]]
type = "relu"
[[layer]]
type = "average_pool"
kernel = 2
stride = 1
[[layer]]
type = "linear"
out = 5
)";

// Norms whose work the convolution after them does: behind a ReLU and behind a convolution, the
// first with much behind it that is done with when its gradient needs a place, the last with
// nothing.
inline constexpr const char* kLeftNorms = R"(
name = "left norms"
input = [1, 8, 7]
[[layer]]
type = "conv"
out = 4
kernel = 3
[[layer]]
type = "relu"
[[layer]]
type = "norm"
[[layer]]
type = "conv"
out = 6
kernel = 3
padding = 1
bias = true
[[layer]]
type = "norm"
[[layer]]
type = "conv"
out = 4
kernel = [2, 3]
[[layer]]
type = "relu"
[[layer]]
type = "dropout"
probability = 0.1
[[layer]]
type = "conv"
out = 4
kernel = [3, 1]
[[layer]]
type = "norm"
[[layer]]
type = "conv"
out = 4
kernel = 3
)";

inline constexpr const char* kTestNetworks[] = {kEveryLayer,   kNormsEverywhere, kInPlace,
                                                kNamedNorms,   kPooledNorms,     kPooledRelus,
                                                kAveragePools, kLeftNorms};

// A network with weights as they are at the start, but random scale, shift and running statistics:
// never the 1 and 0 of initialise().
inline Network random_network(reference::Random& random, const char* text, const Norm& norm) {
  Network network(parse_model(text, "test"), {.norm = norm, .dropout = {}});
  network.initialise(static_cast<std::uint64_t>(random.integer(1, 1000)));
  for (const ParameterView& view : network.parameters()) {
    const std::span<float> values = network.parameter_values().subspan(view.offset, view.count);
    for (float& value : values) {
      if (view.kind == ParameterKind::kScale) value = random.normal(1.0f, 0.3f);
      if (view.kind == ParameterKind::kShift) value = random.normal(0.0f, 0.4f);
    }
  }
  for (const ParameterView& view : network.buffers()) {
    for (float& value : network.buffer_values().subspan(view.offset, view.count)) {
      value = view.kind == ParameterKind::kScale ? random.uniform(0.5f, 2.0f)
                                                 : random.normal(0.0f, 0.5f);
    }
  }
  return network;
}

// Samples with labels, for the network and for the reference. Lanes without a sample become NaN.
struct TestBatch {
  Shape shape;
  std::vector<float> x;  // [N][C][H][W]
  ReferenceBatch in_double;

  Batch batch() const {
    Batch batch;
    batch.samples = in_double.x.n;
    batch.load = [this](float* to, int tile) { load(to, tile); };
    batch.labels = in_double.labels;
    batch.sample_ids = in_double.sample_ids;
    batch.seed = in_double.seed;
    batch.epoch = in_double.epoch;
    return batch;
  }

  void load(float* to, int tile) const;
};

TestBatch random_batch(reference::Random& random, const Network& network, int samples);

// ||actual - expected|| / ||expected||, NaN if any number is one.
double relative_distance(std::span<const float> actual, const std::vector<double>& expected);

}  // namespace normlab
