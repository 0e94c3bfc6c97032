#include "normlab/report/swept_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "normlab/experiment/keys.h"
#include "normlab/experiment/sweep.h"

namespace normlab {
namespace {

// A key with at least two values among the arms.
struct VaryingKey {
  const ExperimentKey* key = nullptr;
  bool is_number = false;
  std::vector<std::string> values;  // per arm, as TOML
};

// The first run of each.
std::vector<const RunSettings*> arms_of(const Experiment& experiment) {
  std::vector<const RunSettings*> arms;
  for (const RunSettings& run : experiment.runs) {
    const auto is_same = [&](const RunSettings* arm) { return arm_of(*arm) == arm_of(run); };
    if (std::none_of(arms.begin(), arms.end(), is_same)) arms.push_back(&run);
  }
  return arms;
}

std::size_t count_values(const VaryingKey& key) {
  std::vector<std::string> values = key.values;
  std::sort(values.begin(), values.end());
  return static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin());
}

std::vector<VaryingKey> varying_keys(const std::vector<const RunSettings*>& arms) {
  std::vector<VaryingKey> varying;
  for (const ExperimentKey& key : experiment_keys()) {
    if (key.name == "train.seed") continue;
    VaryingKey found{&key, key.type == "number" || key.type == "whole number", {}};
    for (const RunSettings* arm : arms) {
      found.values.push_back(key.write(*arm));
      // "Not set" has no place on an axis.
      if (found.values.back().empty()) found.is_number = false;
    }
    if (count_values(found) > 1) varying.push_back(std::move(found));
  }
  return varying;
}

// Whether arms of one value of `a` have one value of `b`.
bool determines(const VaryingKey& a, const VaryingKey& b) {
  std::map<std::string, std::string> value_of;
  for (std::size_t arm = 0; arm < a.values.size(); ++arm) {
    const auto [found, is_new] = value_of.emplace(a.values[arm], b.values[arm]);
    if (!is_new && found->second != b.values[arm]) return false;
  }
  return true;
}

// What is left without the keys that another one determines; of keys that determine each other the
// first is kept.
std::vector<const VaryingKey*> independent_keys(const std::vector<VaryingKey>& keys) {
  std::vector<const VaryingKey*> independent;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    bool is_led = false;
    for (std::size_t k = 0; k < keys.size() && !is_led; ++k) {
      if (k == i || !determines(keys[k], keys[i])) continue;
      is_led = k < i || !determines(keys[i], keys[k]);
    }
    if (!is_led) independent.push_back(&keys[i]);
  }
  return independent;
}

// Of the text of a number; with a point, whatever the locale.
double number_of(const std::string& value) {
  double number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

// "batch groups=4": the values by which a line differs from others.
std::string label_of(const RunSettings& arm, const std::vector<const VaryingKey*>& keys,
                     const VaryingKey* without) {
  std::string label;
  for (const VaryingKey* key : keys) {
    if (key == without) continue;
    if (!label.empty()) label += ' ';
    label += sweep_label(*key->key, arm);
  }
  return label;
}

}  // namespace

std::vector<SweptAxis> swept_axes(const Experiment& experiment) {
  const std::vector<const RunSettings*> arms = arms_of(experiment);
  const std::vector<VaryingKey> varying = varying_keys(arms);
  const std::vector<const VaryingKey*> independent = independent_keys(varying);
  std::vector<SweptAxis> axes;
  for (const VaryingKey* key : independent) {
    if (!key->is_number) continue;
    SweptAxis axis;
    axis.key = key->key->name;
    std::vector<const VaryingKey*> others;
    for (const VaryingKey& other : varying) {
      if (&other == key) continue;
      if (determines(*key, other)) {
        axis.along.push_back(other.key->name);
      } else {
        others.push_back(&other);
      }
    }
    std::map<std::vector<std::string>, std::size_t> line_of;
    for (std::size_t arm = 0; arm < arms.size(); ++arm) {
      std::vector<std::string> rest;
      for (const VaryingKey* other : others) rest.push_back(other->values[arm]);
      const auto [found, is_new] = line_of.emplace(std::move(rest), axis.lines.size());
      if (is_new) axis.lines.push_back({label_of(*arms[arm], independent, key), {}});
      axis.lines[found->second].points.push_back({number_of(key->values[arm]), arm_of(*arms[arm])});
    }
    std::size_t most = 0;
    for (SweptAxis::Line& line : axis.lines) {
      most = std::max(most, line.points.size());
      std::sort(line.points.begin(), line.points.end(),
                [](const auto& a, const auto& b) { return a.value < b.value; });
      for (const SweptAxis::Point& point : line.points) axis.values.push_back(point.value);
    }
    if (most < 3) continue;
    std::erase_if(axis.lines, [](const SweptAxis::Line& line) { return line.points.size() < 2; });
    std::sort(axis.values.begin(), axis.values.end());
    axis.values.erase(std::unique(axis.values.begin(), axis.values.end()), axis.values.end());
    axes.push_back(std::move(axis));
  }
  return axes;
}

SweptGrid swept_grid(const Experiment& experiment) {
  const std::vector<const RunSettings*> arms = arms_of(experiment);
  const std::vector<VaryingKey> varying = varying_keys(arms);
  std::vector<const VaryingKey*> sides = independent_keys(varying);
  SweptGrid grid;
  if (sides.size() != 2) return grid;
  if (count_values(*sides[0]) > count_values(*sides[1])) std::swap(sides[0], sides[1]);
  if (count_values(*sides[1]) < 3) return grid;

  std::vector<std::vector<std::string>> values(2);  // of both sides, in their order
  for (std::size_t side = 0; side < 2; ++side) {
    const VaryingKey& key = *sides[side];
    for (const std::string& value : key.values) {
      if (std::find(values[side].begin(), values[side].end(), value) == values[side].end()) {
        values[side].push_back(value);
      }
    }
    if (key.is_number) {
      std::sort(values[side].begin(), values[side].end(),
                [](const auto& a, const auto& b) { return number_of(a) < number_of(b); });
    }
  }
  const auto place_of = [&](std::size_t side, std::size_t arm) {
    const auto found =
        std::find(values[side].begin(), values[side].end(), sides[side]->values[arm]);
    return static_cast<std::size_t>(found - values[side].begin());
  };
  grid.rows = {sides[0]->key->name, std::vector<std::string>(values[0].size())};
  grid.columns = {sides[1]->key->name, std::vector<std::string>(values[1].size())};
  grid.arms.assign(values[0].size(), std::vector<std::string>(values[1].size()));
  for (std::size_t arm = 0; arm < arms.size(); ++arm) {
    const std::size_t row = place_of(0, arm);
    const std::size_t column = place_of(1, arm);
    // Arms that differ in nothing, or in what is written nowhere, are no grid.
    if (!grid.arms[row][column].empty()) return {};
    grid.arms[row][column] = arm_of(*arms[arm]);
    grid.rows.labels[row] = sweep_value(*sides[0]->key, *arms[arm]);
    grid.columns.labels[column] = sweep_value(*sides[1]->key, *arms[arm]);
  }
  // Every pair has another arm, so as many arms as cells fill it.
  return arms.size() == values[0].size() * values[1].size() ? grid : SweptGrid();
}

}  // namespace normlab
