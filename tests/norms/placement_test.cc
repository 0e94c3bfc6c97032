// Where norms come to stand beside ReLUs, and which convolutions get standardized weights.
#include <gtest/gtest.h>

#include <string>

#include "expect_error.h"
#include "normlab/base/error.h"
#include "normlab/nn/layer.h"
#include "normlab/nn/network.h"

namespace normlab {
namespace {

// After a ReLU, before one, between two, alone; the last convolution gives the logits.
constexpr const char* kModel = R"(
name = "places"
input = [2, 9, 9]
layer = [
  {type = "conv", out = 4, kernel = 3},
  {type = "relu"},
  {type = "norm", name = "first"},
  {type = "conv", out = 4, kernel = 3},
  {type = "norm", name = "second"},
  {type = "relu"},
  {type = "conv", out = 4, kernel = 3},
  {type = "relu"},
  {type = "norm", name = "third"},
  {type = "relu"},
  {type = "norm", name = "fourth"},
  {type = "conv", name = "head", out = 3, kernel = 3},
]
)";

// "conv relu first conv ...": norms by their names, the rest by what they are.
std::string order(const Norm& norm) {
  const Network network(parse_model(kModel, "test"), {.norm = norm, .dropout = {}});
  std::string text;
  for (const auto& layer : network.layers()) {
    const std::string type = layer->type_name();
    text += (text.empty() ? "" : " ") + (type == "Conv2d" ? "conv"
                                         : type == "ReLU" ? "relu"
                                                          : layer->name());
  }
  return text;
}

TEST(Placement, IsTheModelsOwnUnlessAskedFor) {
  EXPECT_EQ(order({.kind = NormKind::kBatch}),
            "conv relu first conv second relu conv relu third relu fourth conv");
}

TEST(Placement, PutsNormsAfterTheReluBesideThem) {
  EXPECT_EQ(order({.kind = NormKind::kBatch, .placement = NormPlacement::kAfter}),
            "conv relu first conv relu second conv relu relu third fourth conv");
}

TEST(Placement, PutsNormsBeforeTheReluBesideThem) {
  EXPECT_EQ(order({.kind = NormKind::kGroup, .placement = NormPlacement::kBefore}),
            "conv first relu conv second relu conv third relu fourth relu conv");
}

TEST(Placement, LeavesNothingToMoveWithoutANorm) {
  EXPECT_EQ(order({.kind = NormKind::kNone, .placement = NormPlacement::kBefore}),
            "conv relu conv relu conv relu relu conv");
}

TEST(Placement, GivesTheReluToANormThatIsAnActivation) {
  for (const char* name : {"filter-response", "evonorm-s0"}) {
    EXPECT_EQ(order({.kind = parse_norm_kind(name)}),
              "conv first conv second conv third fourth conv");
  }
}

TEST(Placement, KeepsTheNamesOfParameters) {
  const Network after(parse_model(kModel, "test"),
                      {.norm = {.kind = NormKind::kBatch}, .dropout = {}});
  const Network before(
      parse_model(kModel, "test"),
      {.norm = {.kind = NormKind::kBatch, .placement = NormPlacement::kBefore}, .dropout = {}});
  ASSERT_EQ(after.parameters().size(), before.parameters().size());
  for (std::size_t i = 0; i < after.parameters().size(); ++i) {
    EXPECT_EQ(after.parameters()[i].name, before.parameters()[i].name);
  }
}

TEST(WeightStandardization, RefusesAConvolutionOfOneWeight) {
  expect_error<UsageError>(
      [] {
        const Network network(
            parse_model("name = \"m\"\ninput = [1, 1, 1]\nlayer = [\n"
                        "{type = \"conv\", out = 2, kernel = 1},\n"
                        "{type = \"conv\", out = 2, kernel = 1}]\n",
                        "m.toml"),
            {.norm = {.kind = NormKind::kNone, .weight_standardization = true}, .dropout = {}});
      },
      {"m.toml:4", "leaves nothing of one weight"});
}

}  // namespace
}  // namespace normlab
