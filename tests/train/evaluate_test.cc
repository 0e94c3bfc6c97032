#include "normlab/train/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "expect_error.h"
#include "nn/test_networks.h"
#include "train/random_dataset.h"

namespace normlab {
namespace {

const PixelScale kScale{{0.1307f, 0.4f}, {0.3081f, 0.25f}};

std::vector<std::uint32_t> all_of(const Dataset& data) {
  std::vector<std::uint32_t> ids(static_cast<std::size_t>(data.size()));
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}

TEST(Evaluate, EqualsTheForwardInDouble) {
  reference::Random random(301);
  for (const NormKind kind : {NormKind::kBatch, NormKind::kGroup, NormKind::kNone}) {
    for (const int samples : {1, 16, 37}) {
      const Network network = random_network(random, kEveryLayer, {.kind = kind, .groups = 2});
      const Dataset data = random_dataset(random, "test", network.input_shape(), 5, samples);
      const ReferenceResult expected =
          ReferenceNetwork(network).evaluate(reference_batch(data, kScale, all_of(data)));
      for (const int size : {1, 3}) {
        Workers workers(size);
        const Evaluation actual = evaluate(network, data, kScale, workers);
        EXPECT_NEAR(actual.loss, expected.loss / samples, 1e-6);
        EXPECT_EQ(actual.correct, expected.correct);
        EXPECT_EQ(actual.samples, samples);
        EXPECT_DOUBLE_EQ(actual.accuracy, 100.0 * expected.correct / samples);

        const std::vector<float> probabilities =
            predict_probabilities(network, data, kScale, workers);
        ASSERT_EQ(probabilities.size(), expected.log_probabilities.values.size());
        for (std::size_t i = 0; i < probabilities.size(); ++i) {
          EXPECT_NEAR(static_cast<double>(probabilities[i]),
                      std::exp(expected.log_probabilities.values[i]), 1e-6);
        }
      }
    }
  }
}

TEST(Evaluate, SaysWhatDoesNotFit) {
  reference::Random random(302);
  Workers workers(1);
  const Network network = random_network(random, kEveryLayer, {.kind = NormKind::kNone});
  const auto refuse = [&](const Shape& shape, int classes, int samples, const PixelScale& scale,
                          const std::vector<std::string>& parts) {
    const Dataset data = random_dataset(random, "test", shape, classes, samples);
    expect_error<UsageError>([&] { evaluate(network, data, scale, workers); }, parts);
  };
  refuse({2, 8, 8}, 5, 3, kScale, {"2x9x8", "2x8x8"});
  refuse({2, 9, 8}, 6, 3, kScale, {"5 classes", "6"});
  refuse({2, 9, 8}, 5, 0, kScale, {"empty"});
  refuse({2, 9, 8}, 5, 3, {{0.5f}, {0.5f}}, {"mean", "2 channels"});
  refuse({2, 9, 8}, 5, 3, {{0.5f, 0.5f}, {0.5f, 0.0f}}, {"std", "positive"});
}

}  // namespace
}  // namespace normlab
