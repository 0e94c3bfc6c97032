#include "normlab/experiment/datasets.h"

#include <array>
#include <cmath>

namespace normlab {
namespace {

double round_to_four_decimals(double value) { return std::round(value * 1e4) / 1e4; }

}  // namespace

const DatasetPair& Datasets::get(const std::string& name) {
  const auto found = loaded_.find(name);
  if (found != loaded_.end()) return found->second;
  DatasetPair pair = {load_dataset(name, "train", options_), load_dataset(name, "test", options_)};
  return loaded_.emplace(name, std::move(pair)).first->second;
}

const PixelScale& Datasets::scale(const std::string& name) {
  const auto found = scales_.find(name);
  if (found != scales_.end()) return found->second;
  return scales_.emplace(name, measure_scale(get(name).train)).first->second;
}

std::vector<DataSum> Datasets::sums() const {
  std::vector<DataSum> sums;
  for (const auto& [name, pair] : loaded_) {
    for (const Dataset* split : {&pair.train, &pair.test}) {
      sums.push_back({name, split->split + " images", split->images_sha256});
      sums.push_back({name, split->split + " labels", split->labels_sha256});
    }
  }
  return sums;
}

PixelScale measure_scale(const Dataset& data) {
  const auto pixels = static_cast<std::size_t>(data.shape.pixels());
  PixelScale scale;
  for (int channel = 0; channel < data.shape.channels; ++channel) {
    // Bytes are counted, so that the sums are exact.
    std::array<std::uint64_t, 256> counts{};
    for (int index = 0; index < data.size(); ++index) {
      const auto* plane = data.image(index) + static_cast<std::size_t>(channel) * pixels;
      for (std::size_t i = 0; i < pixels; ++i) ++counts[plane[i]];
    }
    double count = 0;
    double sum = 0;
    for (std::size_t value = 0; value < counts.size(); ++value) {
      count += static_cast<double>(counts[value]);
      sum += static_cast<double>(counts[value]) * static_cast<double>(value) / 255;
    }
    const double mean = sum / count;
    double squares = 0;
    for (std::size_t value = 0; value < counts.size(); ++value) {
      const double difference = static_cast<double>(value) / 255 - mean;
      squares += static_cast<double>(counts[value]) * difference * difference;
    }
    const double deviation = round_to_four_decimals(std::sqrt(squares / count));
    scale.mean.push_back(static_cast<float>(round_to_four_decimals(mean)));
    scale.std.push_back(deviation > 0 ? static_cast<float>(deviation) : 1.0f);
  }
  return scale;
}

}  // namespace normlab
