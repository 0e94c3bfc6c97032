#include "normlab/nn/network.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "expect_error.h"
#include "nn/test_networks.h"
#include "normlab/nn/layer.h"

namespace normlab {
namespace {

Network make(const std::string& input, const std::string& layers, const Norm& norm = {}) {
  return Network(parse_model("name = \"test\"\ninput = " + input + "\n" + layers, "test.toml"),
                 {.norm = norm, .dropout = {}});
}

TEST(Network, NamesAndShapesItsParametersAsPyTorchDoes) {
  const Network network = make("[2, 6, 5]", R"(
[[layer]]
name = "conv1.0"
type = "conv"
out = 4
kernel = [2, 3]
bias = true
[[layer]]
name = "conv1.1"
type = "norm"
[[layer]]
name = "out"
type = "linear"
out = 3
)",
                               {.kind = NormKind::kBatch});
  struct Expected {
    std::string name;
    ParameterKind kind;
    std::vector<int> shape;
    std::size_t offset;
  };
  const auto expect_views = [](std::span<const ParameterView> views,
                               const std::vector<Expected>& expected) {
    ASSERT_EQ(views.size(), expected.size());
    for (std::size_t i = 0; i < views.size(); ++i) {
      EXPECT_EQ(views[i].name, expected[i].name);
      EXPECT_EQ(views[i].kind, expected[i].kind) << views[i].name;
      EXPECT_EQ(views[i].shape, expected[i].shape) << views[i].name;
      EXPECT_EQ(views[i].offset, expected[i].offset) << views[i].name;
    }
  };
  // conv: 4 x 2 x 2 x 3 = 48 weights; 5 x 3 pixels are left, and 4 x 5 x 3 = 60 features.
  expect_views(network.parameters(), {{"conv1.0.weight", ParameterKind::kWeight, {4, 2, 2, 3}, 0},
                                      {"conv1.0.bias", ParameterKind::kBias, {4}, 48},
                                      {"conv1.1.weight", ParameterKind::kScale, {4}, 52},
                                      {"conv1.1.bias", ParameterKind::kShift, {4}, 56},
                                      {"out.weight", ParameterKind::kWeight, {3, 60}, 60}});
  EXPECT_EQ(network.parameter_values().size(), 240u);
  expect_views(network.buffers(), {{"conv1.1.running_mean", ParameterKind::kShift, {4}, 0},
                                   {"conv1.1.running_var", ParameterKind::kScale, {4}, 4}});
  EXPECT_EQ(network.classes(), 3);
}

TEST(Network, StartsFromPyTorchsDistributionAndTheSeed) {
  Network network = make("[3, 8, 8]", R"(
[[layer]]
type = "conv"
out = 40
kernel = 3
bias = true
[[layer]]
type = "norm"
[[layer]]
type = "conv"
out = 40
kernel = 3
[[layer]]
type = "global_average_pool"
)",
                         {.kind = NormKind::kBatch});
  network.initialise(5);
  const auto values = [&](std::size_t i) {
    const ParameterView& view = network.parameters()[i];
    const auto part = network.parameter_values().subspan(view.offset, view.count);
    return std::vector<float>(part.begin(), part.end());
  };
  // U(-b, b) with b = 1 / sqrt(fan_in) has variance b^2 / 3. Of n such numbers the variance is off
  // by sqrt(4/5 / n) of itself; five times that is allowed, and the mean likewise.
  const auto expect_uniform = [&](const std::vector<float>& numbers, double fan_in) {
    const double bound = 1 / std::sqrt(fan_in);
    const double count = static_cast<double>(numbers.size());
    double sum = 0;
    double squares = 0;
    for (const float number : numbers) {
      EXPECT_LE(std::abs(static_cast<double>(number)), bound * (1 + 1e-6));
      sum += static_cast<double>(number);
      squares += static_cast<double>(number) * static_cast<double>(number);
    }
    EXPECT_NEAR(sum / count, 0, 5 * bound / std::sqrt(3 * count));
    EXPECT_NEAR(squares / count / (bound * bound / 3), 1, 5 * std::sqrt(0.8 / count));
  };
  expect_uniform(values(0), 27);
  expect_uniform(values(1), 27);
  EXPECT_EQ(values(2), std::vector<float>(40, 1.0f));
  EXPECT_EQ(values(3), std::vector<float>(40, 0.0f));
  expect_uniform(values(4), 360);

  // Each array has a stream of its own: the first numbers, seen in units of the bound, differ.
  std::set<float> firsts = {values(0)[0] * std::sqrt(27.0f), values(1)[0] * std::sqrt(27.0f),
                            values(4)[0] * std::sqrt(360.0f)};
  EXPECT_EQ(firsts.size(), 3u);

  const std::vector<float> five(network.parameter_values().begin(),
                                network.parameter_values().end());
  network.initialise(6);
  EXPECT_NE(five, std::vector<float>(network.parameter_values().begin(),
                                     network.parameter_values().end()));
  network.initialise(5);
  EXPECT_EQ(five, std::vector<float>(network.parameter_values().begin(),
                                     network.parameter_values().end()));
  EXPECT_EQ(network.buffer_values()[0], 0.0f);
  EXPECT_EQ(network.buffer_values()[40], 1.0f);
}

TEST(Network, TheDropoutOptionReplacesEveryProbability) {
  reference::Random random(231);
  Workers workers(1);
  const Model model = parse_model(kInPlace, "test");
  Network network(model, {.norm = {.kind = NormKind::kNone}, .dropout = 0.0f});
  network.initialise(3);
  const TestBatch batch = random_batch(random, network, 5);
  TrainingStep step(network, workers);
  // Without dropout, and without a batch norm, training and evaluation see the same.
  const ReferenceResult expected = ReferenceNetwork(network).evaluate(batch.in_double);
  EXPECT_NEAR(step.run(batch.batch()).loss, expected.loss, 1e-5 * expected.loss);
}

// Only the time tells otherwise here and below: what is not taken over gives the same numbers.
TEST(Network, LeavesANormToTheConvolutionThatCanDoIt) {
  const std::string norm = "[[layer]]\ntype = \"norm\"\n";
  const std::string relu = "[[layer]]\ntype = \"relu\"\n";
  const std::string conv = "[[layer]]\ntype = \"conv\"\nout = 4\nkernel = 3\n";
  const std::string pointwise = "[[layer]]\ntype = \"conv\"\nout = 4\nkernel = 1\n";
  const auto is_left = [](const std::string& layers, NormKind kind,
                          ConvolutionAlgorithm algorithm) {
    const Model model = parse_model("name = \"test\"\ninput = [4, 8, 8]\n" + layers +
                                        "[[layer]]\ntype = \"global_average_pool\"\n",
                                    "test.toml");
    const Network network(
        model, {.norm = {.kind = kind, .groups = 2}, .dropout = {}, .convolution = algorithm});
    const Layer& first = *network.layers().front();
    const std::vector<float> saved(first.memory().saved);
    const bool leaves = first.left_to_next(saved.data()) != nullptr;
    EXPECT_EQ(leaves, first.passes_through());
    return leaves;
  };
  for (const NormKind kind :
       {NormKind::kBatch, NormKind::kGroup, NormKind::kLayer, NormKind::kInstance}) {
    const auto winograd = ConvolutionAlgorithm::kWinograd;
    EXPECT_TRUE(is_left(norm + conv, kind, winograd));
    EXPECT_FALSE(is_left(norm + pointwise, kind, winograd));
    EXPECT_FALSE(is_left(norm + conv, kind, ConvolutionAlgorithm::kDirect));
    EXPECT_TRUE(is_left(norm + conv, kind, ConvolutionAlgorithm::kBf16));
    EXPECT_TRUE(is_left(norm + pointwise, kind, ConvolutionAlgorithm::kBf16));
    EXPECT_FALSE(is_left(norm + relu + conv, kind, winograd));
    EXPECT_FALSE(is_left(norm + norm + conv, kind, winograd));
  }
}

TEST(Network, HasANormDoTheMaxPoolAlsoBehindAReLU) {
  const auto pool_is_taken = [](const std::string& before, const std::string& pool) {
    const Network network =
        make("[2, 8, 8]", before + pool + "[[layer]]\ntype = \"global_average_pool\"\n");
    return network.layers()[network.layers().size() - 2]->passes_through();
  };
  const std::string conv = "[[layer]]\ntype = \"conv\"\nout = 4\nkernel = 3\npadding = 1\n";
  const std::string norm = "[[layer]]\ntype = \"norm\"\n";
  const std::string relu = "[[layer]]\ntype = \"relu\"\n";
  const std::string side_by_side = "[[layer]]\ntype = \"max_pool\"\nkernel = 2\n";
  const std::string overlapping = "[[layer]]\ntype = \"max_pool\"\nkernel = 3\nstride = 2\n";
  EXPECT_TRUE(pool_is_taken(conv + norm, side_by_side));
  EXPECT_TRUE(pool_is_taken(conv + norm + relu, side_by_side));
  EXPECT_TRUE(pool_is_taken(conv + relu + norm, side_by_side));
  EXPECT_FALSE(pool_is_taken(conv + norm + relu, overlapping));
  EXPECT_FALSE(pool_is_taken(conv + relu, side_by_side));
}

TEST(Network, SaysWhichLayerDoesNotFit) {
  expect_error<UsageError>(
      [] {
        make("[1, 8, 8]",
             "[[layer]]\ntype = \"conv\"\nname = \"first\"\nout = 4\nkernel = 5\n"
             "[[layer]]\ntype = \"conv\"\nname = \"second\"\nout = 4\nkernel = 5\n");
      },
      {"test.toml:8", "'second'", "5x5 kernel", "4x4"});
  expect_error<UsageError>(
      [] {
        make("[1, 2, 8]",
             "[[layer]]\ntype = \"max_pool\"\nname = \"pool\"\nkernel = 3\n"
             "[[layer]]\ntype = \"linear\"\nout = 2\n");
      },
      {"test.toml:3", "'pool'", "3x3 window", "2x8"});
  expect_error<UsageError>(
      [] {
        make("[6, 8, 8]",
             "[[layer]]\ntype = \"norm\"\nname = \"gn\"\n[[layer]]\ntype = \"linear\"\nout = 2\n",
             {.kind = NormKind::kGroup, .groups = 4});
      },
      {"test.toml:3", "'gn'", "4 groups", "6 channels"});
  expect_error<UsageError>(
      [] {
        make("[6, 8, 8]",
             "[[layer]]\ntype = \"norm\"\nname = \"gn\"\n[[layer]]\ntype = \"linear\"\nout = 2\n",
             {.kind = NormKind::kGroup, .groups = 0});
      },
      {"'gn'", "0 groups"});
  expect_error<UsageError>(
      [] { make("[1, 8, 8]", "[[layer]]\ntype = \"conv\"\nout = 4\nkernel = 5\n"); },
      {"test.toml", "4x4x4", "one per class"});
  expect_error<UsageError>([] { make("[1, 1, 1]", "[[layer]]\ntype = \"relu\"\n"); },
                           {"test.toml", "no parameters"});
}

// Their products are kept in an int.
TEST(Network, IsNoLargerThanCanBeCounted) {
  const std::string head = "[[layer]]\ntype = \"flatten\"\n[[layer]]\ntype = \"linear\"\nout = 2\n";
  const auto conv = [](int out, int kernel, int padding) {
    return fmt::format("[[layer]]\ntype = \"conv\"\nout = {}\nkernel = {}\npadding = {}\n", out,
                       kernel, padding);
  };
  expect_error<UsageError>([&] { make("[1, 1024, 1024]", conv(4096, 1, 0) + head); },
                           {"test.toml:3", "4294967296 outputs", "2147483647"});
  expect_error<UsageError>([&] { make("[1, 1024, 1024]", conv(2048, 1, 0) + head); },
                           {"2147483648 outputs"});
  expect_error<UsageError>(
      [&] { make("[1, 1024, 1024]", conv(1024, 1, 0) + head); },  // 2^30 outputs, twice weights
      {"2147483648 weights"});
  expect_error<UsageError>([&] { make("[1024, 8, 8]", conv(2, 1024, 1024) + head); },
                           {"2147483648 weights"});
}

// A norm over a single number gives its shift whatever it reads, so nothing before it would learn.
TEST(Network, HasNoNormOverASingleNumber) {
  const std::string placeholder =
      "[[layer]]\ntype = \"conv\"\nout = 4\nkernel = 8\n[[layer]]\ntype = \"norm\"\n";
  EXPECT_EQ(make("[1, 8, 8]", placeholder, {.kind = NormKind::kInstance}).layers().size(), 1u);
  EXPECT_EQ(make("[1, 8, 8]", placeholder, {.kind = NormKind::kLayer}).layers().size(), 2u);
  expect_error<UsageError>(
      [&] { make("[1, 8, 8]", placeholder, {.kind = NormKind::kGroup, .groups = 4}); },
      {"test.toml", "single number", "fewer groups"});
  const std::string by_name =
      "[[layer]]\ntype = \"conv\"\nout = 4\nkernel = 8\n"
      "[[layer]]\ntype = \"instance_norm\"\nname = \"in\"\n";
  expect_error<UsageError>([&] { make("[1, 8, 8]", by_name); }, {"'in'", "single number"});
}

TEST(Network, FitsExactlyWhatJustFits) {
  EXPECT_EQ(make("[1, 4, 5]", "[[layer]]\ntype = \"conv\"\nout = 7\nkernel = [4, 5]\n").classes(),
            7);
  EXPECT_EQ(make("[1, 2, 1]", "[[layer]]\ntype = \"conv\"\nout = 7\nkernel = [4, 3]\npadding = 1\n")
                .classes(),
            7);
}

}  // namespace
}  // namespace normlab
