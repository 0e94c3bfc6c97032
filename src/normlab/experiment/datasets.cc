#include "normlab/experiment/datasets.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "normlab/base/error.h"
#include "normlab/train/order.h"

namespace normlab {
namespace {

double round_to_four_decimals(double value) { return std::round(value * 1e4) / 1e4; }

}  // namespace

Dataset hold_out(Dataset& train, int count) {
  Dataset held = train;
  held.split = "validation";
  held.images.clear();
  held.labels.clear();
  if (count == 0) return held;
  if (count >= train.size()) {
    throw UsageError(
        fmt::format("data.validation = {}: {} has {} training images, and some must be "
                    "left to learn from",
                    count, train.name, train.size()));
  }
  // Epochs of training begin at 1, and seeds of runs are seldom 0; none of them sees this order.
  const auto order = shuffled_order(train.size(), 0, 0);
  std::vector<bool> is_held(order.size());
  for (int i = 0; i < count; ++i) is_held[order[static_cast<std::size_t>(i)]] = true;
  Dataset left = held;
  left.split = train.split;
  for (int index = 0; index < train.size(); ++index) {
    Dataset& to = is_held[static_cast<std::size_t>(index)] ? held : left;
    const std::uint8_t* const image = train.image(index);
    to.images.insert(to.images.end(), image, image + train.shape.size());
    to.labels.push_back(train.labels[static_cast<std::size_t>(index)]);
  }
  train = std::move(left);
  return held;
}

const DatasetPair& Datasets::get(const std::string& name, int validation) {
  const Key key(name, validation);
  const auto found = loaded_.find(key);
  if (found != loaded_.end()) return found->second;
  DatasetPair pair;
  pair.train = load_dataset(name, "train", options_);
  pair.test = load_dataset(name, "test", options_);
  require_one_shape(pair.train, pair.test);
  pair.validation = hold_out(pair.train, validation);
  return loaded_.emplace(key, std::move(pair)).first->second;
}

const PixelScale& Datasets::scale(const std::string& name, int validation) {
  const Key key(name, validation);
  const auto found = scales_.find(key);
  if (found != scales_.end()) return found->second;
  return scales_.emplace(key, measure_scale(get(name, validation).train)).first->second;
}

std::vector<DataSum> Datasets::sums() const {
  std::vector<DataSum> sums;
  for (const auto& [key, pair] : loaded_) {
    for (const Dataset* split : {&pair.train, &pair.test}) {
      sums.push_back({key.first, split->split + " images", split->images_sha256});
      sums.push_back({key.first, split->split + " labels", split->labels_sha256});
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
