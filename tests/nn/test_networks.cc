#include "nn/test_networks.h"

#include <cmath>
#include <limits>

#include "normlab/tensor/tiles.h"

namespace normlab {

void TestBatch::load(float* to, int tile) const {
  const int samples = in_double.x.n;
  for (int lane = 0; lane < kLanes; ++lane) {
    const auto sample = static_cast<std::size_t>(tile * kLanes + lane);
    for (std::size_t i = 0; i < shape.size(); ++i) {
      to[i * kLanes + static_cast<std::size_t>(lane)] =
          lane < lanes_used(samples, tile) ? x[sample * shape.size() + i]
                                           : std::numeric_limits<float>::quiet_NaN();
    }
  }
}

TestBatch random_batch(reference::Random& random, const Network& network, int samples) {
  TestBatch batch;
  batch.shape = network.input_shape();
  batch.x = random.normals(static_cast<std::size_t>(samples) * batch.shape.size(), 0.2f, 1.0f);
  ReferenceBatch& in_double = batch.in_double;
  in_double.x = reference::Array4<double>(samples, batch.shape.channels, batch.shape.height,
                                          batch.shape.width);
  in_double.x.values.assign(batch.x.begin(), batch.x.end());
  for (int n = 0; n < samples; ++n) {
    in_double.labels.push_back(static_cast<std::uint8_t>(random.integer(0, network.classes() - 1)));
    in_double.sample_ids.push_back(static_cast<std::uint32_t>(random.integer(0, 59999)));
  }
  in_double.seed = static_cast<std::uint64_t>(random.integer(1, 1000));
  in_double.epoch = static_cast<std::uint32_t>(random.integer(1, 15));
  return batch;
}

double relative_distance(std::span<const float> actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::quiet_NaN();
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double apart = static_cast<double>(actual[i]) - expected[i];
    difference += apart * apart;
    norm += expected[i] * expected[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace normlab
