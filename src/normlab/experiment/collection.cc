#include "normlab/experiment/collection.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/experiment/training_run.h"
#include "normlab/train/checkpoint.h"

namespace normlab {
namespace {

using Json = nlohmann::ordered_json;

// Numbers must not stand under a description that is not theirs.
void expect_same_settings(bool same, const std::filesystem::path& folder, const char* what) {
  if (same) return;
  throw Error(
      fmt::format("{}: its {} is of other settings than experiment.toml has, or of other data than "
                  "is here; put those back, or delete that folder and train the run again",
                  folder.string(), what));
}

RunResult collect_run(const RunSettings& settings, const std::filesystem::path& folder,
                      Datasets& datasets) {
  const auto expected = [&] {
    return settings_text(settings, datasets.get(settings.data_name, settings.validation));
  };
  const std::filesystem::path ended = folder / "result.json";
  if (std::filesystem::exists(ended)) {
    const auto [result, settings_sha256] = read_ended_run(ended);
    if (result.name != settings.name) {
      throw Error(fmt::format("{}: is of the run {}, not of {}", ended.string(), result.name,
                              settings.name));
    }
    expect_same_settings(settings_sha256 == settings_sum(expected()), folder, "result");
    return result;
  }
  RunResult result = describe(settings);
  if (const auto checkpoint = find_checkpoint(folder).checkpoint) {
    expect_same_settings(checkpoint->settings == expected(), folder, "checkpoint");
  }
  const std::filesystem::path history = folder / "history.csv";
  if (std::filesystem::exists(history)) result.epochs = read_history_csv(history);
  return result;
}

// "2-of-4" of results-2-of-4.json; empty for other files.
std::string shard_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  constexpr std::string_view kBegin = "results-";
  constexpr std::string_view kEnd = ".json";
  if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) return "";
  const std::string shard = name.substr(kBegin.size(), name.size() - kBegin.size() - kEnd.size());
  const std::size_t of = shard.find("-of-");
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const bool is_one = of != std::string::npos && is_number(std::string_view(shard).substr(0, of)) &&
                      is_number(std::string_view(shard).substr(of + 4));
  return is_one ? shard : "";
}

// The environment of each shard, or that of the whole experiment under an empty name.
std::map<std::string, Json> environments(const std::filesystem::path& folder) {
  std::map<std::string, Json> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string shard = shard_of(entry.path());
    if (!shard.empty()) found[shard] = Json::parse(read_results(entry.path()).environment);
  }
  const std::filesystem::path whole = folder / "environment.json";
  if (found.empty() && std::filesystem::exists(whole)) {
    const Json json = Json::parse(read_text_file(whole), nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) found[""] = json;
  }
  return found;
}

}  // namespace

Collection collect(const std::filesystem::path& folder, Datasets& datasets) {
  Collection collection;
  const std::filesystem::path file = folder / "experiment.toml";
  collection.experiment = parse_experiment(read_text_file(file), file.string());
  collection.results.experiment = collection.experiment.name;
  for (const RunSettings& settings : collection.experiment.runs) {
    RunResult result = collect_run(settings, folder / folder_of(settings.name), datasets);
    if (result.status == RunStatus::kInterrupted) collection.missing.push_back(result.name);
    collection.results.runs.push_back(std::move(result));
  }
  const std::map<std::string, Json> found = environments(folder);
  if (found.empty()) return collection;
  const std::string& first_name = found.begin()->first;
  const Json& first = found.begin()->second;
  Json all = first;
  for (const auto& [name, environment] : found) {
    if (environment.value("data_sha256", Json()) != first.value("data_sha256", Json())) {
      throw Error(fmt::format("{}: shard {} had other data than shard {}", folder.string(), name,
                              first_name));
    }
    for (const char* key :
         {"normlab", "commit", "compiler", "flags", "instruction_set", "fused_multiply_add"}) {
      if (environment.value(key, Json()) == first.value(key, Json())) continue;
      collection.remarks.push_back(fmt::format("{}: {} in shard {}, {} in shard {}", key,
                                               first.value(key, Json()).dump(), first_name,
                                               environment.value(key, Json()).dump(), name));
    }
    if (found.size() == 1) continue;
    for (const char* key : {"processor", "system", "instruction_set", "threads", "started"}) {
      all["shards"][name][key] = environment.value(key, Json());
    }
  }
  collection.results.environment = all.dump(2);
  return collection;
}

}  // namespace normlab
