#include "normlab/experiment/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"
#include "normlab/experiment/keys.h"

namespace normlab {
namespace {

constexpr auto kSeed = "train.seed";
constexpr std::string_view kPrefix = "sweep.";

std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

// "batch_size"; the section where the last part says little ("l1" of l1.lambda), or where another
// key has the same ("norm.momentum").
std::string short_key(const std::string& key) {
  static const std::set<std::string> kVague = {"kind", "enabled", "name", "file", "text", "lambda"};
  const std::string last = last_part(key);
  if (kVague.contains(last)) return key.substr(0, key.find('.'));
  const auto keys = experiment_keys();
  const auto same = std::count_if(keys.begin(), keys.end(), [&](const ExperimentKey& each) {
    return last_part(each.name) == last;
  });
  return same > 1 ? key : last;
}

// A value in a name, and so in a folder's: [8, 12] as (8_12), nets/wide.toml as nets_wide.
std::string in_a_name(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == '[') {
      text += '(';
    } else if (c == ']') {
      text += ')';
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("+-.()").find(c) != std::string_view::npos) {
      text += c;
    } else if (!text.empty() && text.back() != '_' && text.back() != '(') {
      text += '_';
    }
  }
  while (text.ends_with('_')) text.pop_back();
  return text.ends_with(".toml") ? text.substr(0, text.size() - 5) : text;
}

// The lists of a sweep: what stands in the file, unless the command line replaces it.
class Lists {
 public:
  Lists(const TomlReader* table, const std::vector<Override>& overrides) : table_(table) {
    for (const Override& change : overrides) {
      if (!change.key.starts_with(kPrefix)) continue;
      const std::string key = change.key.substr(kPrefix.size());
      const bool is_list = change.value.starts_with('[');
      replaced_.insert_or_assign(
          key, TomlReader::assignment(key, change.value, !is_list, change.source));
    }
  }

  std::vector<TomlReader> of(const std::string& key) {
    std::vector<TomlReader> in_file;
    if (table_ != nullptr) in_file = table_->choices(key, kMostRuns);
    const auto found = replaced_.find(key);
    if (found == replaced_.end()) return in_file;
    std::vector<TomlReader> values = found->second.choices(key, kMostRuns);
    replaced_.erase(found);
    return values;
  }

  // After all keys were asked for.
  void refuse_unknown() const {
    if (replaced_.empty()) return;
    std::vector<std::string> known;
    for (const ExperimentKey& key : experiment_keys()) known.push_back(key.name);
    const auto& [key, reader] = *replaced_.begin();
    throw UsageError(
        fmt::format("{}: unknown key {}; the nearest known key is {} (all: normlab info --keys)",
                    reader.where(), key, nearest_name(key, known)));
  }

 private:
  const TomlReader* table_;
  std::map<std::string, TomlReader> replaced_;
};

// A file and a text each say what the whole network is.
bool is_network(const std::string& key) { return key == "model.file" || key == "model.text"; }

// Whether the axis has something to say about the key.
bool has_key(const SweepAxis& axis, const std::string& key) {
  return std::any_of(axis.keys.begin(), axis.keys.end(), [&](const std::string& own) {
    return own == key || (is_network(own) && is_network(key));
  });
}

void refuse_twice(const SweepAxis& axis, const TomlReader& reader, const std::string& label) {
  const auto same = [&](const SweepValue& value) { return value.label == label; };
  if (std::any_of(axis.values.begin(), axis.values.end(), same)) {
    reader.fail(axis.keys.front(),
                fmt::format("\"{}\" comes twice; its runs would have one name", label));
  }
}

// One of [[sweep.point]]: any keys, and perhaps a name.
void read_point(SweepAxis& axis, const TomlReader& table) {
  RunSettings settings;
  std::vector<const ExperimentKey*> keys;
  std::vector<std::string> labels;
  for (const ExperimentKey& key : experiment_keys()) {
    key.read(settings, table);
    if (!table.has(key.name)) continue;
    if (key.name == kSeed) {
      table.fail(key.name,
                 "the seed cannot be of a point; give [sweep] a list, train.seed = [1, 2]");
    }
    keys.push_back(&key);
    labels.push_back(sweep_label(key, settings));
    if (std::find(axis.keys.begin(), axis.keys.end(), key.name) == axis.keys.end()) {
      axis.keys.push_back(key.name);
    }
  }
  if (table.has("model.file") && table.has("model.text")) {
    table.fail("model.file", "model.file and model.text exclude each other; leave one out");
  }
  const auto name = table.text("name");
  table.refuse_unknown_keys();
  if (keys.empty()) table.fail("", "a [[sweep.point]] needs at least one key");
  const std::string label = name ? *name : fmt::format("{}", fmt::join(labels, " "));
  refuse_twice(axis, table, label);
  axis.values.push_back({label, [keys, table](RunSettings& run) {
                           for (const ExperimentKey* key : keys) key->read(run, table);
                         }});
}

}  // namespace

std::string sweep_value(const ExperimentKey& key, const RunSettings& settings) {
  return in_a_name(key.write(settings));
}

std::string sweep_label(const ExperimentKey& key, const RunSettings& settings) {
  const std::string value = sweep_value(key, settings);
  if (key.name == "norm.kind") return value;
  if (key.name == kSeed) return "seed " + value;
  return fmt::format("{}={}", short_key(key.name), value);
}

Sweep::Sweep(const TomlReader& file, const std::vector<Override>& overrides)
    : source_(file.where("sweep")) {
  const std::optional<TomlReader> table = file.table("sweep");
  Lists lists(table ? &*table : nullptr, overrides);
  if (table) {
    SweepAxis points = {.keys = {}, .is_of_points = true, .values = {}};
    for (const TomlReader& point : table->tables("point")) read_point(points, point);
    if (!points.values.empty()) axes_.push_back(std::move(points));
  }
  for (const ExperimentKey& key : experiment_keys()) {
    SweepAxis axis = {.keys = {key.name}, .is_of_points = false, .values = {}};
    const std::vector<TomlReader> values = lists.of(key.name);
    for (const TomlReader& value : values) {
      RunSettings settings;
      key.read(settings, value);
      const std::string label = sweep_label(key, settings);
      refuse_twice(axis, value, label);
      axis.values.push_back({label, [&key, value](RunSettings& run) { key.read(run, value); }});
    }
    if (axis.values.empty()) continue;
    const TomlReader& place = table ? *table : values.front();
    if (is_in_points(key.name)) {
      place.fail(key.name, fmt::format("{} is in a [[sweep.point]], too; leave one out",
                                       is_network(key.name) ? "the network" : key.name));
    }
    if (varies(key.name)) {
      place.fail(key.name, "model.file and model.text have lists; they exclude each other");
    }
    if (key.name == kSeed) {
      seeds_ = std::move(axis);
    } else {
      axes_.push_back(std::move(axis));
    }
  }
  if (table) {
    table->refuse_unknown_keys();
    if (is_empty())
      file.fail("sweep", "[sweep] is empty; give it lists, such as train.seed = [1, 2]");
  }
  lists.refuse_unknown();
}

bool Sweep::varies(const std::string& key) const {
  const auto has = [&](const SweepAxis& axis) { return has_key(axis, key); };
  return has(seeds_) || std::any_of(axes_.begin(), axes_.end(), has);
}

bool Sweep::is_in_points(const std::string& key) const {
  return std::any_of(axes_.begin(), axes_.end(), [&](const SweepAxis& axis) {
    return axis.is_of_points && has_key(axis, key);
  });
}

std::string Sweep::base_name(const RunSettings& settings) const {
  if (varies("norm.kind")) return "";
  const Norm& norm = settings.norm;
  const bool standardized = norm.weight_standardization && !varies("norm.weight_standardization");
  const bool penalised = settings.recipe.l1 > 0 && !varies("l1.lambda");
  const bool placed = norm.placement != NormPlacement::kModel && !varies("norm.placement");
  return short_name(norm.kind) + (standardized ? "+WS" : "") + (penalised ? "+L1" : "") +
         (placed ? fmt::format("-{}", to_string(norm.placement)) : std::string());
}

std::vector<RunSettings> Sweep::multiply(const std::vector<RunSettings>& runs) const {
  auto count = static_cast<double>(runs.size());
  for (const SweepAxis& axis : axes_) count *= static_cast<double>(axis.values.size());
  if (!seeds_.values.empty()) count *= static_cast<double>(seeds_.values.size());
  if (count > static_cast<double>(kMostRuns)) {
    throw UsageError(fmt::format("{}: that makes {:.0f} runs; at most {} are possible", source_,
                                 count, kMostRuns));
  }
  const auto add_label = [](std::string& name, const std::string& label) {
    name += (name.empty() ? "" : " ") + label;
  };
  std::vector<RunSettings> arms = runs;
  for (const SweepAxis& axis : axes_) {
    std::vector<RunSettings> longer;
    for (const RunSettings& arm : arms) {
      for (const SweepValue& value : axis.values) {
        longer.push_back(arm);
        value.assign(longer.back());
        add_label(longer.back().name, value.label);
      }
    }
    arms = std::move(longer);
  }
  for (RunSettings& arm : arms) arm.arm = arm.name;
  if (seeds_.values.empty()) return arms;
  std::vector<RunSettings> all;
  for (const SweepValue& seed : seeds_.values) {
    for (const RunSettings& arm : arms) {
      all.push_back(arm);
      seed.assign(all.back());
      add_label(all.back().name, seed.label);
    }
  }
  return all;
}

}  // namespace normlab
