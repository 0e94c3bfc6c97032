#include "normlab/train/model_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "expect_error.h"
#include "normlab/base/file.h"
#include "normlab/formats/safetensors.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

Network make_network(NormKind kind) {
  NetworkOptions options;
  options.norm = {kind, 2, 1e-3f, 0.25f, true};
  Network network(load_model(NORMLAB_SOURCE_DIR "/models/session6.toml"), options);
  network.initialise(7);
  float value = 0.5f;  // running statistics that are not those of the beginning
  for (float& statistic : network.buffer_values()) statistic = value += 0.125f;
  return network;
}

ModelFileInfo make_info() {
  return {{{0.1307f}, {0.3081f}}, "mnist", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
}

template <class Span>
std::vector<float> copy(const Span& values) {
  return {values.begin(), values.end()};
}

class ModelFile : public testing::Test {
 protected:
  ModelFile() { save_model(path_, network_, make_info()); }

  // Saves the file again with a change, and expects loading it to fail.
  void fails(const std::function<void(SafetensorsFile&)>& change, const std::string& message) {
    SafetensorsFile file = whole_;
    change(file);
    write_safetensors(path_, file);
    expect_error([&] { load_model_file(path_); }, {path_.native(), message});
  }

  static Tensor& tensor(SafetensorsFile& file, const std::string& name) {
    return *std::find_if(file.tensors.begin(), file.tensors.end(),
                         [&](const Tensor& each) { return each.name == name; });
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "model.safetensors";
  Network network_ = make_network(NormKind::kBatch);
  SafetensorsFile whole_ = [this] {
    save_model(path_, network_, make_info());
    return read_safetensors(path_);
  }();
};

// Of every norm, with settings that are not the usual ones.
TEST_F(ModelFile, RemembersEverySettingOfANorm) {
  for (const NormKind kind : norm_kinds()) {
    NetworkOptions options;
    options.norm = {.kind = kind,
                    .groups = 2,
                    .eps = 2e-3f,
                    .alpha = 0.7f,
                    .r_max = 2.5f,
                    .d_max = 4.5f,
                    .virtual_batch = 48,
                    .placement = NormPlacement::kBefore,
                    .weight_standardization = true};
    Network network(load_model(NORMLAB_SOURCE_DIR "/models/session6.toml"), options);
    network.initialise(3);
    save_model(path_, network, make_info());
    const LoadedModel loaded = load_model_file(path_);
    const Norm& norm = loaded.network.options().norm;
    SCOPED_TRACE(to_string(kind));
    EXPECT_EQ(norm.kind, kind);
    EXPECT_EQ(norm.eps, options.norm.eps);
    EXPECT_EQ(norm.alpha, 0.7f);
    EXPECT_EQ(norm.r_max, 2.5f);
    EXPECT_EQ(norm.d_max, 4.5f);
    EXPECT_EQ(norm.virtual_batch, 48);
    EXPECT_EQ(norm.placement, NormPlacement::kBefore);
    EXPECT_TRUE(norm.weight_standardization);
    EXPECT_EQ(copy(loaded.network.parameter_values()), copy(network.parameter_values()));
  }
}

TEST_F(ModelFile, GivesTheNetworkBack) {
  const LoadedModel loaded = load_model_file(path_);
  EXPECT_EQ(copy(loaded.network.parameter_values()), copy(network_.parameter_values()));
  EXPECT_EQ(copy(loaded.network.buffer_values()), copy(network_.buffer_values()));
  EXPECT_EQ(loaded.network.options().norm.kind, NormKind::kBatch);
  EXPECT_EQ(loaded.network.options().norm.groups, 2);
  EXPECT_EQ(loaded.network.options().norm.eps, 1e-3f);
  EXPECT_EQ(loaded.network.options().norm.momentum, 0.25f);
  EXPECT_EQ(loaded.network.model().text, network_.model().text);
  EXPECT_EQ(loaded.info.scale.mean, std::vector<float>{0.1307f});
  EXPECT_EQ(loaded.info.scale.std, std::vector<float>{0.3081f});
  EXPECT_EQ(loaded.info.dataset, "mnist");
  EXPECT_EQ(loaded.info.class_names, make_info().class_names);
  EXPECT_TRUE(loaded.remarks.empty());
}

TEST_F(ModelFile, HasTheNamesAndShapesOfPyTorch) {
  EXPECT_EQ(whole_.at("conv1.0.weight", "").shape_text(), "8x1x3x3");
  EXPECT_EQ(whole_.at("conv5.0.weight", "").shape_text(), "10x16x1x1");
  EXPECT_EQ(whole_.at("conv1.2.weight", "").shape_text(), "8");
  EXPECT_EQ(whole_.at("conv1.2.running_var", "").shape_text(), "8");
  EXPECT_EQ(whole_.metadata.at("normlab.mean"), "[0.1307]");
  EXPECT_EQ(whole_.metadata.at("normlab.norm"),
            R"({"kind":"batch","groups":2,"eps":0.001,"momentum":0.25,"affine":true})");
}

TEST_F(ModelFile, TheSameNetworkGivesTheSameBytes) {
  const auto before = read_file(path_);
  save_model(path_, network_, make_info());
  EXPECT_TRUE(read_file(path_) == before);
}

TEST_F(ModelFile, SaysWhatIsWrong) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  fails([](SafetensorsFile& file) { tensor(file, "conv1.0.weight").name = "conv1.0.wait"; },
        "conv1.0.wait");
  fails([](SafetensorsFile& file) { file.tensors.erase(file.tensors.begin()); }, "has no tensor");
  fails(
      [](SafetensorsFile& file) {
        tensor(file, "conv5.0.weight").shape = {16, 10, 1, 1};
      },
      "is 16x10x1x1, the network's is 10x16x1x1");
  fails(
      [](SafetensorsFile& file) {
        tensor(file, "conv1.2.bias").data = std::vector<double>(8, 0.5);
      },
      "not of type F32");
  fails(
      [&](SafetensorsFile& file) {
        tensor(file, "conv1.2.bias").data = std::vector<float>(8, kNan);
      },
      "not finite");
  fails(
      [](SafetensorsFile& file) {
        file.tensors.push_back({"extra", {1}, std::vector<float>{1}});
      },
      "\"extra\" has no place");
  for (const char* key : {"normlab.model", "normlab.norm", "normlab.convolution", "normlab.mean",
                          "normlab.std", "normlab.dataset", "normlab.class_names"}) {
    fails([&](SafetensorsFile& file) { file.metadata.erase(key); }, key);
  }
  fails([](SafetensorsFile& file) { file.metadata["normlab.model"] = "name = "; }, "normlab.model");
  fails([](SafetensorsFile& file) { file.metadata["normlab.norm"] = "{\"kind\": 3}"; },
        "normlab.norm");
  fails([](SafetensorsFile& file) { file.metadata["normlab.norm"] = "batch"; }, "normlab.norm");
  for (const std::string value : {"-1", "2", "1e+300", "true", "null"}) {
    const std::string norm = R"({"kind":"batch","affine":true,"eps":)" + value + "}";
    fails([&](SafetensorsFile& file) { file.metadata["normlab.norm"] = norm; },
          "the norm's eps must be a number from 0 to 1, not " + value);
  }
  fails([](SafetensorsFile& file) { file.metadata["normlab.convolution"] = "fft"; },
        "not direct, winograd or bf16");
  fails([](SafetensorsFile& file) { file.metadata["normlab.std"] = "[0]"; }, "positive deviation");
  fails([](SafetensorsFile& file) { file.metadata["normlab.std"] = "[null]"; }, "no proper list");
  fails([](SafetensorsFile& file) { file.metadata["normlab.mean"] = "[0.1, 0.2]"; },
        "each of the 1 channels");
  fails([](SafetensorsFile& file) { file.metadata["normlab.class_names"] = "[\"0\"]"; },
        "names 1 classes");
}

TEST_F(ModelFile, ADamagedFileIsNoUsageError) {
  SafetensorsFile file = whole_;
  file.metadata["normlab.model"] = "nonsense = 1";
  write_safetensors(path_, file);
  try {
    load_model_file(path_);
    FAIL() << "no exception";
  } catch (const UsageError& error) {
    FAIL() << "the user did not write it: " << error.what();
  } catch (const Error&) {
  }
}

TEST_F(ModelFile, PassesOverWhatPyTorchAdds) {
  SafetensorsFile file = whole_;
  file.tensors.push_back({"conv3.0.weight", {2}, std::vector<float>{1, 2}});
  file.tensors.push_back({"conv3.2.bias", {1}, std::vector<float>{1}});
  file.tensors.push_back({"conv1.2.num_batches_tracked", {}, std::vector<std::int64_t>{469}});
  std::reverse(file.tensors.begin(), file.tensors.end());
  write_safetensors(path_, file);
  const LoadedModel loaded = load_model_file(path_);
  EXPECT_EQ(copy(loaded.network.parameter_values()), copy(network_.parameter_values()));
  ASSERT_EQ(loaded.remarks.size(), 1u);
  EXPECT_NE(loaded.remarks[0].find("conv3.0.weight"), std::string::npos);
  EXPECT_NE(loaded.remarks[0].find("conv3.2.bias"), std::string::npos);
}

TEST_F(ModelFile, WeightsOfAnotherNormLeaveANetworkAsItIs) {
  Network layer = make_network(NormKind::kLayer);
  std::fill(layer.parameter_values().begin(), layer.parameter_values().end(), 0.5f);
  const auto before = copy(layer.parameter_values());
  expect_error([&] { load_weights(path_, layer); }, {"running_mean", "another network or norm"});
  EXPECT_EQ(copy(layer.parameter_values()), before);

  Network batch = make_network(NormKind::kBatch);
  std::fill(batch.parameter_values().begin(), batch.parameter_values().end(), 0.5f);
  EXPECT_TRUE(load_weights(path_, batch).empty());
  EXPECT_EQ(copy(batch.parameter_values()), copy(network_.parameter_values()));
}

}  // namespace
}  // namespace normlab
