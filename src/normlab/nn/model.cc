#include "normlab/nn/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/formats/toml_reader.h"

namespace normlab {
namespace {

struct TypeName {
  LayerType type;
  const char* name;
};

constexpr std::array kTypeNames = {TypeName{LayerType::kConv, "conv"},
                                   TypeName{LayerType::kLinear, "linear"},
                                   TypeName{LayerType::kRelu, "relu"},
                                   TypeName{LayerType::kNorm, "norm"},
                                   TypeName{LayerType::kBatchNorm, "batch_norm"},
                                   TypeName{LayerType::kLayerNorm, "layer_norm"},
                                   TypeName{LayerType::kGroupNorm, "group_norm"},
                                   TypeName{LayerType::kInstanceNorm, "instance_norm"},
                                   TypeName{LayerType::kMaxPool, "max_pool"},
                                   TypeName{LayerType::kAveragePool, "average_pool"},
                                   TypeName{LayerType::kGlobalAveragePool, "global_average_pool"},
                                   TypeName{LayerType::kDropout, "dropout"},
                                   TypeName{LayerType::kDropout2d, "dropout2d"},
                                   TypeName{LayerType::kFlatten, "flatten"}};

// Sizes beyond these are slips of the pen.
constexpr std::int64_t kMaxChannels = 4096;
constexpr std::int64_t kMaxSide = 1024;

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const TypeName& each : kTypeNames) names.emplace_back(each.name);
  return names;
}

template <class T>
T required(const TomlReader& table, const std::string& key, const std::optional<T>& value) {
  if (!value) table.fail(key, fmt::format("the key {} is missing", key));
  return *value;
}

LayerType read_type(const TomlReader& table) {
  const std::string name = required(table, "type", table.one_of("type", type_names()));
  return std::find_if(kTypeNames.begin(), kTypeNames.end(),
                      [&](const TypeName& each) { return each.name == name; })
      ->type;
}

std::string read_name(const TomlReader& table, const std::string& otherwise) {
  const std::string name = table.text("name").value_or(otherwise);
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
  if (!good) table.fail("name", "a name is made of letters, digits, '.', '_' and '-'");
  return name;
}

int read_out(const TomlReader& table) {
  return static_cast<int>(
      required(table, "out", table.whole("out", {.least = 1, .most = kMaxChannels})));
}

// `kernel = 3` or `kernel = [3, 5]`, and the stride.
void read_window(LayerSpec& spec, const TomlReader& table, bool is_pool) {
  const Range<std::int64_t> side = {.least = 1, .most = kMaxSide};
  if (table.is_list("kernel")) {
    const auto kernel = *table.wholes("kernel", side, {.least = 2, .most = 2});
    spec.kernel_height = static_cast<int>(kernel[0]);
    spec.kernel_width = static_cast<int>(kernel[1]);
  } else {
    spec.kernel_height = static_cast<int>(required(table, "kernel", table.whole("kernel", side)));
    spec.kernel_width = spec.kernel_height;
  }
  const int stride = is_pool ? spec.kernel_height : 1;
  spec.stride = static_cast<int>(table.whole("stride", side).value_or(stride));
}

LayerSpec read_layer(const TomlReader& table, std::size_t position) {
  LayerSpec spec;
  spec.type = read_type(table);
  spec.line = table.line();
  spec.name = read_name(table, fmt::format("{}.{}", position, *table.text("type")));
  switch (spec.type) {
    case LayerType::kConv:
      spec.out = read_out(table);
      read_window(spec, table, false);
      spec.padding =
          static_cast<int>(table.whole("padding", {.least = 0, .most = kMaxSide}).value_or(0));
      spec.bias = table.boolean("bias").value_or(false);
      break;
    case LayerType::kLinear:
      spec.out = read_out(table);
      spec.bias = table.boolean("bias").value_or(false);
      break;
    case LayerType::kMaxPool:
    case LayerType::kAveragePool:
      read_window(spec, table, true);
      break;
    case LayerType::kDropout:
    case LayerType::kDropout2d:
      spec.probability = static_cast<float>(
          table.number("probability", {.least = 0, .most = 1, .below_most = true})
              .value_or(spec.probability));
      break;
    case LayerType::kGroupNorm:
      spec.groups = static_cast<int>(
          required(table, "groups", table.whole("groups", {.least = 1, .most = kMaxChannels})));
      break;
    case LayerType::kRelu:
    case LayerType::kNorm:
    case LayerType::kBatchNorm:
    case LayerType::kLayerNorm:
    case LayerType::kInstanceNorm:
    case LayerType::kGlobalAveragePool:
    case LayerType::kFlatten:
      break;
  }
  table.refuse_unknown_keys();
  return spec;
}

}  // namespace

Model parse_model(const std::string& text, const std::string& source) {
  const TomlReader file(text, source);
  Model model;
  model.text = text;
  model.source = source;
  model.name = required(file, "name", file.text("name"));
  const auto input = required(
      file, "input", file.wholes("input", {.least = 1, .most = kMaxSide}, {.least = 3, .most = 3}));
  model.input = {static_cast<int>(input[0]), static_cast<int>(input[1]),
                 static_cast<int>(input[2])};
  const std::vector<TomlReader> layers = file.tables("layer");
  file.refuse_unknown_keys();
  if (layers.empty()) file.fail("layer", "the network has no layers; each is a [[layer]]");
  std::set<std::string> names;
  for (const TomlReader& layer : layers) {
    model.layers.push_back(read_layer(layer, model.layers.size() + 1));
    if (!names.insert(model.layers.back().name).second) {
      layer.fail("name", fmt::format("another layer is called {} already; parameters are named "
                                     "after their layer",
                                     model.layers.back().name));
    }
  }
  return model;
}

Model load_model(const std::filesystem::path& path) {
  return parse_model(read_text_file(path), path.string());
}

}  // namespace normlab
