#include "normlab/train/model_file.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/formats/safetensors.h"
#include "normlab/formats/shortest.h"
#include "normlab/train/norm_json.h"

namespace normlab {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kModelKey = "normlab.model";
constexpr auto kNormKey = "normlab.norm";
constexpr auto kConvolutionKey = "normlab.convolution";
constexpr auto kMeanKey = "normlab.mean";
constexpr auto kStdKey = "normlab.std";
constexpr auto kDatasetKey = "normlab.dataset";
constexpr auto kClassNamesKey = "normlab.class_names";

void append_tensors(std::vector<Tensor>& tensors, std::span<const ParameterView> views,
                    std::span<const float> values) {
  for (const ParameterView& view : views) {
    const auto part = values.subspan(view.offset, view.count);
    tensors.push_back({view.name,
                       {view.shape.begin(), view.shape.end()},
                       std::vector<float>(part.begin(), part.end())});
  }
}

std::string numbers_to_json(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(shortest(value));
  return list.dump();
}

const std::string& metadata_at(const SafetensorsFile& file, const char* key,
                               const std::string& source) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    throw Error(fmt::format(
        "{}: its metadata have no \"{}\", so it does not say which network it is for. Models that "
        "normlab trained do",
        source, key));
  }
  return found->second;
}

template <class T>
std::vector<T> list_at(const SafetensorsFile& file, const char* key, const std::string& source) {
  try {
    return Json::parse(metadata_at(file, key, source)).get<std::vector<T>>();
  } catch (const Json::exception&) {
    throw Error(fmt::format("{}: the metadata's \"{}\" is no proper list; the file is damaged",
                            source, key));
  }
}

void check_scale(const PixelScale& scale, int channels, const std::string& source) {
  const auto fits = [&](const std::vector<float>& values) {
    return values.size() == static_cast<std::size_t>(channels) &&
           std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  };
  const bool positive =
      std::all_of(scale.std.begin(), scale.std.end(), [](float v) { return v > 0; });
  if (!fits(scale.mean) || !fits(scale.std) || !positive) {
    throw Error(
        fmt::format("{}: \"{}\" and \"{}\" do not give a mean and a positive deviation for "
                    "each of the {} channels; the file is damaged",
                    source, kMeanKey, kStdKey, channels));
  }
}

// The tensor for a part of the network, checked.
const std::vector<float>& values_for(const ParameterView& view, const SafetensorsFile& file,
                                     const std::string& source) {
  const Tensor* tensor = file.find(view.name);
  if (tensor == nullptr) {
    throw Error(
        fmt::format("{}: has no tensor \"{}\", which the network needs; it is a file of "
                    "another network or norm",
                    source, view.name));
  }
  const Tensor expected{view.name, {view.shape.begin(), view.shape.end()}, {}};
  if (tensor->shape != expected.shape) {
    throw Error(
        fmt::format("{}: tensor \"{}\" is {}, the network's is {}; it is a file of "
                    "another network",
                    source, view.name, tensor->shape_text(), expected.shape_text()));
  }
  if (!std::holds_alternative<std::vector<float>>(tensor->data)) {
    throw Error(
        fmt::format("{}: tensor \"{}\" is not of type F32. Convert it first", source, view.name));
  }
  const std::vector<float>& values = tensor->floats();
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    throw Error(
        fmt::format("{}: tensor \"{}\" holds a value that is not finite; what was trained is "
                    "of no use",
                    source, view.name));
  }
  return values;
}

// Remarks on tensors that are passed over; throws for those that should not be there.
std::vector<std::string> check_others(const SafetensorsFile& file, const Network& network,
                                      const std::string& source) {
  std::set<std::string_view> known;
  for (const ParameterView& view : network.parameters()) known.insert(view.name);
  for (const ParameterView& view : network.buffers()) known.insert(view.name);
  std::vector<std::string_view> unused_block;
  for (const Tensor& tensor : file.tensors) {
    const std::string_view name = tensor.name;
    if (known.contains(name) || name.ends_with(".num_batches_tracked")) continue;
    if (!name.starts_with("conv3.")) {
      throw Error(
          fmt::format("{}: tensor \"{}\" has no place in the network; it is a file of "
                      "another network or norm",
                      source, name));
    }
    unused_block.push_back(name);
  }
  if (unused_block.empty()) return {};
  return {fmt::format("{}: {} belong to a block that the network never uses, and are passed over",
                      source, fmt::join(unused_block, ", "))};
}

std::vector<std::string> assign_weights(const SafetensorsFile& file, Network& network,
                                        const std::string& source) {
  std::vector<std::string> remarks = check_others(file, network, source);
  for (const ParameterView& view : network.parameters()) values_for(view, file, source);
  for (const ParameterView& view : network.buffers()) values_for(view, file, source);
  const auto assign = [&](std::span<const ParameterView> views, std::span<float> to) {
    for (const ParameterView& view : views) {
      const std::vector<float>& from = values_for(view, file, source);
      std::copy(from.begin(), from.end(), to.subspan(view.offset, view.count).begin());
    }
  };
  assign(network.parameters(), network.parameter_values());
  assign(network.buffers(), network.buffer_values());
  return remarks;
}

// The network that the metadata describe, with weights yet to come.
Network rebuild_network(const SafetensorsFile& file, const std::string& source) {
  NetworkOptions options;
  options.norm =
      norm_from_json(metadata_at(file, kNormKey, source), fmt::format("{} ({})", source, kNormKey));
  const std::string& convolution = metadata_at(file, kConvolutionKey, source);
  if (const auto algorithm = parse_convolution_algorithm(convolution)) {
    options.convolution = *algorithm;
  } else {
    throw Error(fmt::format("{}: the metadata's \"{}\" is \"{}\", not direct, winograd or bf16",
                            source, kConvolutionKey, convolution));
  }
  try {
    const std::string& text = metadata_at(file, kModelKey, source);
    return Network(parse_model(text, fmt::format("{} ({})", source, kModelKey)), options);
  } catch (const UsageError& error) {
    throw Error(error.what());  // the user did not write this text, the file is damaged
  }
}

}  // namespace

SafetensorsFile model_contents(const Network& network, const ModelFileInfo& info) {
  SafetensorsFile file;
  file.metadata = {{kModelKey, network.model().text},
                   {kNormKey, to_json(network.options().norm)},
                   {kConvolutionKey, to_string(network.options().convolution)},
                   {kMeanKey, numbers_to_json(info.scale.mean)},
                   {kStdKey, numbers_to_json(info.scale.std)},
                   {kDatasetKey, info.dataset},
                   {kClassNamesKey,
                    Json(info.class_names).dump(-1, ' ', false, Json::error_handler_t::replace)}};
  append_tensors(file.tensors, network.parameters(), network.parameter_values());
  append_tensors(file.tensors, network.buffers(), network.buffer_values());
  return file;
}

void save_model(const std::filesystem::path& path, const Network& network,
                const ModelFileInfo& info) {
  write_safetensors(path, model_contents(network, info));
}

LoadedModel load_model_file(const std::filesystem::path& path) {
  const std::string& source = path.native();
  const SafetensorsFile file = read_safetensors(path);
  ModelFileInfo info;
  info.scale.mean = list_at<float>(file, kMeanKey, source);
  info.scale.std = list_at<float>(file, kStdKey, source);
  info.dataset = metadata_at(file, kDatasetKey, source);
  info.class_names = list_at<std::string>(file, kClassNamesKey, source);

  Network network = rebuild_network(file, source);
  check_scale(info.scale, network.input_shape().channels, source);
  if (info.class_names.size() != static_cast<std::size_t>(network.classes())) {
    throw Error(fmt::format("{}: names {} classes, the network has {}; the file is damaged", source,
                            info.class_names.size(), network.classes()));
  }
  std::vector<std::string> remarks = assign_weights(file, network, source);
  return {std::move(network), std::move(info), std::move(remarks)};
}

std::vector<std::string> load_weights(const std::filesystem::path& path, Network& network) {
  return assign_weights(read_safetensors(path), network, path.native());
}

}  // namespace normlab
