#include "normlab/nn/model.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "expect_error.h"
#include "normlab/base/error.h"
#include "normlab/nn/norm.h"

namespace normlab {
namespace {

const std::filesystem::path kModels = std::filesystem::path(NORMLAB_SOURCE_DIR) / "models";

// A model of one layer on the third line.
std::string complaint_about_layer(const std::string& layer) {
  return message_of<UsageError>([&] {
    parse_model("name = \"m\"\ninput = [1, 8, 8]\nlayer = [{" + layer + "}]\n", "m.toml");
  });
}

TEST(Model, ReadsEveryKeyOfEveryLayerType) {
  const Model model = parse_model(R"(name = "all"
input = [3, 20, 30]
[[layer]]
type = "conv"
name = "first"
out = 7
kernel = [3, 5]
stride = 2
padding = 1
bias = true
[[layer]]
type = "norm"
[[layer]]
type = "group_norm"
groups = 7
[[layer]]
type = "max_pool"
kernel = [2, 3]
[[layer]]
type = "average_pool"
kernel = 3
stride = 1
[[layer]]
type = "dropout2d"
probability = 0.25
[[layer]]
type = "linear"
out = 10
)",
                                  "all.toml");
  EXPECT_EQ(model.name, "all");
  EXPECT_EQ(model.source, "all.toml");
  EXPECT_EQ(model.input, (Shape{3, 20, 30}));
  ASSERT_EQ(model.layers.size(), 7u);
  const LayerSpec& conv = model.layers[0];
  EXPECT_EQ(conv.type, LayerType::kConv);
  EXPECT_EQ(conv.name, "first");
  EXPECT_EQ(conv.line, 3);
  EXPECT_EQ(conv.out, 7);
  EXPECT_EQ(conv.kernel_height, 3);
  EXPECT_EQ(conv.kernel_width, 5);
  EXPECT_EQ(conv.stride, 2);
  EXPECT_EQ(conv.padding, 1);
  EXPECT_TRUE(conv.bias);
  EXPECT_EQ(model.layers[1].type, LayerType::kNorm);
  EXPECT_EQ(model.layers[1].name, "2.norm");
  EXPECT_EQ(model.layers[2].groups, 7);
  const LayerSpec& max_pool = model.layers[3];
  EXPECT_EQ(max_pool.kernel_height, 2);
  EXPECT_EQ(max_pool.kernel_width, 3);
  EXPECT_EQ(max_pool.stride, 2);
  EXPECT_EQ(model.layers[4].kernel_width, 3);
  EXPECT_EQ(model.layers[4].stride, 1);
  EXPECT_FLOAT_EQ(model.layers[5].probability, 0.25f);
  EXPECT_EQ(model.layers[6].type, LayerType::kLinear);
  EXPECT_EQ(model.layers[6].out, 10);
  EXPECT_FALSE(model.layers[6].bias);
}

TEST(Model, KeepsItsTextSoThatARunCanBeRepeated) {
  const Model model = load_model(kModels / "session6.toml");
  const Model again = parse_model(model.text, "copy");
  EXPECT_EQ(again.text, model.text);
  EXPECT_EQ(again.layers.size(), model.layers.size());
}

TEST(Model, Session6CarriesTheOriginalsNames) {
  const Model model = load_model(kModels / "session6.toml");
  EXPECT_EQ(model.name, "session6");
  EXPECT_EQ(model.input, (Shape{1, 28, 28}));
  ASSERT_EQ(model.layers.size(), 28u);
  std::vector<std::string> named;
  for (const LayerSpec& layer : model.layers) {
    if (layer.type == LayerType::kConv || layer.type == LayerType::kNorm) {
      named.push_back(layer.name);
    }
  }
  EXPECT_EQ(named,
            (std::vector<std::string>{"conv1.0", "conv1.2", "conv1.3", "conv1.5", "trans1.0",
                                      "conv2.0", "conv2.2", "conv2.4", "conv2.6", "conv2.8",
                                      "conv2.10", "trans2.0", "conv4.0", "conv4.2", "conv5.0"}));
  EXPECT_EQ(model.layers[3].padding, 1);
  EXPECT_EQ(model.layers[23].type, LayerType::kAveragePool);
  EXPECT_EQ(model.layers[23].kernel_height, 6);
  EXPECT_EQ(model.layers[23].stride, 6);
}

TEST(Model, AllShippedModelsAreRead) {
  int models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kModels)) {
    if (entry.path().extension() != ".toml") continue;
    EXPECT_EQ(load_model(entry.path()).name, entry.path().stem());
    ++models;
  }
  EXPECT_GE(models, 3);
}

TEST(Model, AnUnknownLayerTypeIsAnsweredWithTheNearest) {
  const std::string message = complaint_about_layer("type = \"dropuot2d\"");
  EXPECT_TRUE(
      message.starts_with("m.toml:3:18: unknown type \"dropuot2d\"; the nearest known is "
                          "\"dropout2d\""))
      << message;
}

TEST(Model, AnUnknownKeyIsAnsweredWithItsPlaceAndTheNearest) {
  EXPECT_EQ(complaint_about_layer("type = \"conv\", out = 8, kernal = 3, kernel = 3"),
            "m.toml:3:35: unknown key kernal; the nearest known key is kernel");
  EXPECT_EQ(message_of<UsageError>([] {
              parse_model(
                  "nmae = \"m\"\nname = \"m\"\ninput = [1, 8, 8]\nlayer = [{type = "
                  "\"relu\"}]\n",
                  "m.toml");
            }),
            "m.toml:1:1: unknown key nmae; the nearest known key is name");
}

TEST(Model, AKeyOfAnotherLayerTypeIsUnknown) {
  const std::string message = complaint_about_layer("type = \"relu\", padding = 1");
  EXPECT_TRUE(message.starts_with("m.toml:3:26: unknown key padding")) << message;
}

TEST(Model, ValuesAreChecked) {
  EXPECT_EQ(complaint_about_layer("type = \"conv\", out = \"ten\", kernel = 3"),
            "m.toml:3:32: out must be a whole number from 1 to 4096, not \"ten\"");
  EXPECT_EQ(complaint_about_layer("type = \"conv\", out = 8, kernel = 0"),
            "m.toml:3:44: kernel must be a whole number from 1 to 1024, not 0");
  EXPECT_EQ(complaint_about_layer("type = \"conv\", out = 8, kernel = [3, 3, 3]"),
            "m.toml:3:44: kernel must be a list of 2 whole numbers, not of 3");
  EXPECT_EQ(complaint_about_layer("type = \"conv\", out = 8, kernel = [3, -3]"),
            "m.toml:3:48: a value of kernel must be a whole number from 1 to 1024, not -3");
  EXPECT_EQ(complaint_about_layer("type = \"dropout\", probability = 1.0"),
            "m.toml:3:43: probability must be a number of at least 0 and below 1, not 1.0");
  EXPECT_EQ(complaint_about_layer("type = \"dropout\", probability = nan"),
            "m.toml:3:43: probability must be a number of at least 0 and below 1, not nan");
  EXPECT_EQ(complaint_about_layer("type = \"linear\", out = 10, bias = 1"),
            "m.toml:3:45: bias must be true or false, not 1");
}

TEST(Model, WhatIsMissingIsNamed) {
  EXPECT_EQ(complaint_about_layer("type = \"conv\", out = 8"),
            "m.toml:3:10: the key kernel is missing");
  EXPECT_EQ(
      message_of<UsageError>([] { parse_model("name = \"m\"\ninput = [1, 8, 8]\n", "m.toml"); }),
      "m.toml:1:1: the network has no layers; each is a [[layer]]");
}

TEST(Model, NamesAreUniqueAndPlain) {
  EXPECT_EQ(message_of<UsageError>([] {
              parse_model(
                  "name = \"m\"\ninput = [1, 8, 8]\n[[layer]]\ntype = \"relu\"\nname = "
                  "\"a\"\n[[layer]]\ntype = \"relu\"\nname = \"a\"\n",
                  "m.toml");
            }),
            "m.toml:8:8: another layer is called a already; parameters are named after their "
            "layer");
  EXPECT_EQ(complaint_about_layer("type = \"relu\", name = \"a b\""),
            "m.toml:3:33: a name is made of letters, digits, '.', '_' and '-'");
}

TEST(Model, TextThatIsNoTomlIsAnsweredWithItsPlace) {
  const std::string message = message_of<UsageError>(
      [] { parse_model("name = \"m\"\ninput = [1, 28\nlayer = 3", "m.toml"); });
  EXPECT_TRUE(message.starts_with("m.toml:3:1: no valid TOML: ")) << message;
}

TEST(Norm, KindsAreKnownByLongAndShortName) {
  EXPECT_EQ(parse_norm_kind("group"), NormKind::kGroup);
  EXPECT_EQ(parse_norm_kind("gn"), NormKind::kGroup);
  EXPECT_EQ(parse_norm_kind("BN"), NormKind::kBatch);
  EXPECT_EQ(parse_norm_kind("Layer"), NormKind::kLayer);
  EXPECT_EQ(parse_norm_kind("in"), NormKind::kInstance);
  EXPECT_EQ(parse_norm_kind("none"), NormKind::kNone);
}

TEST(Norm, AnUnknownKindIsAnsweredWithTheNearest) {
  const std::string message = message_of<UsageError>([] { parse_norm_kind("bacth"); });
  EXPECT_TRUE(message.starts_with("unknown norm \"bacth\"; the nearest known is \"batch\""))
      << message;
}

}  // namespace
}  // namespace normlab
