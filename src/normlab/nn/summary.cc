#include "normlab/nn/summary.h"

#include <fmt/format.h>

#include <cstdint>

#include "normlab/base/text.h"
#include "normlab/nn/layer.h"

namespace normlab {
namespace {

constexpr int kWidth = 64;

std::string row(const std::string& layer, const std::string& shape, const std::string& count) {
  return fmt::format("{:>20}  {:>25} {:>15}\n", layer, shape, count);
}

// A flat output is [-1, features] there.
std::string shape_text(const Layer& layer) {
  const Shape& shape = layer.output_shape();
  if (layer.type_name() == "Linear" || layer.type_name() == "Flatten") {
    return fmt::format("[-1, {}]", shape.size());
  }
  return fmt::format("[-1, {}, {}, {}]", shape.channels, shape.height, shape.width);
}

std::int64_t parameter_count(const Layer& layer) {
  std::int64_t count = 0;
  for (const ParameterSpec& parameter : layer.parameters()) {
    std::int64_t size = 1;
    for (const int extent : parameter.shape) size *= extent;
    count += size;
  }
  return count;
}

double megabytes(double floats) { return floats * sizeof(float) / (1024.0 * 1024.0); }

}  // namespace

std::string summary(const Network& network) {
  const std::string thick = std::string(kWidth, '=') + '\n';
  const std::string thin = std::string(kWidth, '-') + '\n';
  std::string table = thin + row("Layer (type)", "Output Shape", "Param #") + thick;
  std::int64_t parameters = 0;
  double outputs = 0;
  int position = 0;
  for (const auto& layer : network.layers()) {
    const std::int64_t count = parameter_count(*layer);
    table += row(fmt::format("{}-{}", layer->type_name(), ++position), shape_text(*layer),
                 with_thousands(count));
    parameters += count;
    outputs += static_cast<double>(layer->output_shape().size());
  }
  const double input_size = megabytes(static_cast<double>(network.input_shape().size()));
  const double passes_size = megabytes(2 * outputs);
  const double parameters_size = megabytes(static_cast<double>(parameters));
  table += thick;
  table += fmt::format("Total params: {0}\nTrainable params: {0}\nNon-trainable params: 0\n",
                       with_thousands(parameters));
  table += thin;
  table += fmt::format(
      "Input size (MB): {:.2f}\nForward/backward pass size (MB): {:.2f}\nParams size (MB): "
      "{:.2f}\nEstimated Total Size (MB): {:.2f}\n",
      input_size, passes_size, parameters_size, input_size + passes_size + parameters_size);
  return table + thin;
}

}  // namespace normlab
