#include "normlab/experiment/experiment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"
#include "normlab/experiment/keys.h"
#include "normlab/experiment/shipped.h"
#include "normlab/formats/toml_reader.h"

namespace normlab {
namespace {

// Names become folders.
bool is_good_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("+-_.=()").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

// A run's folder lies beside the files of the experiment: results.json, report.html.
bool is_name_of_a_file(const std::string& name) {
  const std::string extension = std::filesystem::path(name).extension();
  const auto known = {".toml", ".json", ".csv", ".txt", ".png", ".svg", ".html"};
  return std::find(known.begin(), known.end(), extension) != known.end();
}

std::string read_name(const TomlReader& table, const std::string& otherwise) {
  const std::string name = table.text("name").value_or(otherwise);
  if (!is_good_name(name)) {
    table.fail("name", fmt::format("\"{}\" cannot be the name of a folder; use up to 64 letters, "
                                   "digits and + - _ . = ( )",
                                   name));
  }
  if (is_name_of_a_file(name)) {
    table.fail("name", fmt::format("\"{}\" looks like the name of a file; leave out {}", name,
                                   std::filesystem::path(name).extension().string()));
  }
  return name;
}

void read_settings(RunSettings& settings, const TomlReader& table) {
  for (const ExperimentKey& key : experiment_keys()) key.read(settings, table);
  if (table.has("model.file") && table.has("model.text")) {
    table.fail("model.file", "model.file and model.text exclude each other; leave one out");
  }
}

[[noreturn]] void refuse_unknown_key(const Override& change) {
  std::vector<std::string> known = {"name"};
  std::vector<std::string> of_table;
  for (const ExperimentKey& each : experiment_keys()) {
    known.push_back(each.name);
    if (each.name.starts_with(change.key + ".")) of_table.push_back(each.name);
  }
  if (!of_table.empty()) {
    throw UsageError(fmt::format("{}: {} is a table of keys; set one of {}", change.source,
                                 change.key, fmt::join(of_table, ", ")));
  }
  throw UsageError(
      fmt::format("{}: unknown key {}; the nearest known key is {} (all: normlab info --keys)",
                  change.source, change.key, nearest_name(change.key, known)));
}

void apply(RunSettings& settings, const Override& change) {
  if (change.key == "name") return;  // of the experiment
  const auto keys = experiment_keys();
  const auto key = std::find_if(keys.begin(), keys.end(),
                                [&](const ExperimentKey& each) { return each.name == change.key; });
  if (key == keys.end()) refuse_unknown_key(change);
  const TomlReader table =
      TomlReader::assignment(change.key, change.value, key->is_text, change.source);
  key->read(settings, table);
  table.refuse_unknown_keys();
}

std::string default_run_name(const RunSettings& settings) {
  const Norm& norm = settings.norm;
  return short_name(norm.kind) + (norm.weight_standardization ? "+WS" : "") +
         (settings.recipe.l1 > 0 ? "+L1" : "") +
         (norm.placement == NormPlacement::kModel ? std::string()
                                                  : fmt::format("-{}", to_string(norm.placement)));
}

// Values that are good by themselves and do not go together.
void check(const RunSettings& settings, const std::string& source) {
  const auto refuse = [&](const std::string& complaint) {
    throw UsageError(fmt::format("{}: run {}: {}", source, settings.name, complaint));
  };
  const Recipe& recipe = settings.recipe;
  const Schedule& schedule = recipe.schedule;
  if (schedule.kind == ScheduleKind::kMultiStep && schedule.milestones.empty()) {
    refuse("schedule.kind = \"multi-step\" needs schedule.milestones, such as [8, 12]");
  }
  if (!std::is_sorted(schedule.milestones.begin(), schedule.milestones.end())) {
    refuse("schedule.milestones must ascend");
  }
  if (recipe.nesterov && recipe.momentum <= 0) {
    refuse("optimizer.nesterov needs an optimizer.momentum above 0");
  }
  if (recipe.mean.size() != recipe.std.size()) {
    refuse(fmt::format("data.mean has {} values and data.std {}; one of each for every channel",
                       recipe.mean.size(), recipe.std.size()));
  }
}

}  // namespace

Override parse_override(const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError(
        fmt::format("--set {}: key=value is needed, such as train.epochs=3", assignment));
  }
  const auto trim = [](std::string text) {
    text.erase(0, text.find_first_not_of(" \t"));
    text.erase(text.find_last_not_of(" \t") + 1);
    return text;
  };
  return {trim(assignment.substr(0, equals)), trim(assignment.substr(equals + 1)),
          "--set " + assignment};
}

Experiment parse_experiment(const std::string& text, const std::string& source,
                            const std::vector<Override>& overrides) {
  const TomlReader file(text, source);
  Experiment experiment;
  experiment.name = read_name(file, std::filesystem::path(source).stem().string());
  for (const Override& change : overrides) {
    if (change.key != "name") continue;
    experiment.name =
        read_name(TomlReader::assignment("name", change.value, true, change.source), "");
  }
  RunSettings shared;
  read_settings(shared, file);
  const std::vector<TomlReader> runs = file.tables("run");
  file.refuse_unknown_keys();

  std::set<std::string> names;
  const auto add_run = [&](const TomlReader& table, bool is_run) {
    RunSettings settings = shared;
    if (is_run) {
      read_settings(settings, table);
      settings.name = table.text("name").value_or("");
      table.refuse_unknown_keys();
    }
    for (const Override& change : overrides) apply(settings, change);
    if (is_run && table.has("name")) {
      settings.name = read_name(table, "");
    } else {
      settings.name = default_run_name(settings);
    }
    if (!names.insert(settings.name).second) {
      table.fail("name", fmt::format("another run is called {} already; give each [[run]] a name "
                                     "of its own",
                                     settings.name));
    }
    check(settings, source);
    if (!experiment.runs.empty() && experiment.runs.front().data_name != settings.data_name) {
      table.fail("data.name",
                 fmt::format("all runs of an experiment have the same data, or their "
                             "results could not be compared; run {} has {}",
                             experiment.runs.front().name, experiment.runs.front().data_name));
    }
    experiment.runs.push_back(std::move(settings));
  };
  for (const TomlReader& run : runs) add_run(run, true);
  if (runs.empty()) add_run(file, false);
  return experiment;
}

std::string format_experiment(const Experiment& experiment) {
  const std::vector<RunSettings>& runs = experiment.runs;
  const auto is_shared = [&](const ExperimentKey& key) {
    return std::all_of(runs.begin(), runs.end(), [&](const RunSettings& each) {
      return key.write(each) == key.write(runs.front());
    });
  };
  std::string text = fmt::format("name = {}\n", toml_string(experiment.name));
  std::string section;
  for (const ExperimentKey& key : experiment_keys()) {
    const std::string value = key.write(runs.front());
    if (!is_shared(key) || value.empty()) continue;
    const auto dot = key.name.find('.');
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      text += fmt::format("\n[{}]\n", section);
    }
    text += fmt::format("{} = {}\n", key.name.substr(dot + 1), value);
  }
  for (const RunSettings& run : runs) {
    text += fmt::format("\n[[run]]\nname = {}\n", toml_string(run.name));
    for (const ExperimentKey& key : experiment_keys()) {
      const std::string value = key.write(run);
      if (!is_shared(key) && !value.empty()) text += fmt::format("{} = {}\n", key.name, value);
    }
  }
  return text;
}

Model resolve_model(const RunSettings& settings, const std::filesystem::path& folder) {
  if (!settings.model_text.empty()) return parse_model(settings.model_text, "model.text");
  const ShippedFile file = find_text("models", settings.model_file, folder);
  return parse_model(file.text, file.path);
}

Network build_network(const RunSettings& settings, const std::filesystem::path& folder) {
  NetworkOptions options;
  options.norm = settings.norm;
  options.convolution = settings.convolution;
  if (settings.dropout) options.dropout = static_cast<float>(*settings.dropout);
  return Network(resolve_model(settings, folder), options);
}

}  // namespace normlab
