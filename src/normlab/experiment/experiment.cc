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
#include "normlab/experiment/sweep.h"
#include "normlab/formats/toml_reader.h"

namespace normlab {
namespace {

constexpr std::size_t kLongestName = 120;

// Names become folders; those of runs may hold single blanks.
bool is_good_name(const std::string& name, bool is_run) {
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
         name.front() != '-' && name.front() != ' ' && name.back() != ' ' &&
         name.find("  ") == std::string::npos &&
         std::all_of(name.begin(), name.end(), [&](unsigned char c) {
           return std::isalnum(c) != 0 || (is_run && c == ' ') ||
                  std::string_view("+-_.=()").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

// A run's folder lies beside the files of the experiment: results.json, report.html.
bool is_name_of_a_file(const std::string& name) {
  const std::string extension = std::filesystem::path(name).extension();
  const auto known = {".toml", ".json", ".csv", ".txt", ".png", ".svg", ".html"};
  return std::find(known.begin(), known.end(), extension) != known.end();
}

// What keeps a name from being a folder's; empty if nothing does.
std::string complaint_about_name(const std::string& name, bool is_run) {
  if (!is_good_name(name, is_run)) {
    return fmt::format(
        "\"{}\" cannot be the name of a folder; use up to {} letters, digits{} and + - _ . = ( )",
        name, kLongestName, is_run ? ", single blanks" : "");
  }
  if (is_name_of_a_file(name)) {
    return fmt::format("\"{}\" looks like the name of a file; leave out {}", name,
                       std::filesystem::path(name).extension().string());
  }
  return "";
}

std::string read_experiment_name(const TomlReader& table, const std::string& otherwise) {
  const std::string name = table.text("name").value_or(otherwise);
  const std::string complaint = complaint_about_name(name, /*is_run=*/false);
  if (!complaint.empty()) table.fail("name", complaint);
  return name;
}

// The name of a run, or of its arm; nothing if it has none of its own.
std::optional<std::string> read_run_name(const TomlReader& table, const std::string& key) {
  const std::optional<std::string> name = table.text(key);
  if (!name) return std::nullopt;
  const std::string complaint = complaint_about_name(*name, /*is_run=*/true);
  if (!complaint.empty()) table.fail(key, complaint);
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
  if (change.key == "name" || change.key.starts_with("sweep.")) return;
  const auto keys = experiment_keys();
  const auto key = std::find_if(keys.begin(), keys.end(),
                                [&](const ExperimentKey& each) { return each.name == change.key; });
  if (key == keys.end()) refuse_unknown_key(change);
  const TomlReader table =
      TomlReader::assignment(change.key, change.value, key->is_text, change.source);
  key->read(settings, table);
  table.refuse_unknown_keys();
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

void check_data(const RunSettings& run, const RunSettings& first, const TomlReader& table) {
  if (run.validation != first.validation) {
    table.fail("data.validation",
               fmt::format("all runs of an experiment hold out the same images, or their results "
                           "could not be compared; run {} holds out {}",
                           first.name, first.validation));
  }
  if (run.data_name == first.data_name) return;
  table.fail("data.name", fmt::format("all runs of an experiment have the same data, or their "
                                      "results could not be compared; run {} has {}",
                                      first.name, first.data_name));
}

// What a [[run]] says must not be lost to the sweep.
void refuse_varied(const TomlReader& run, const Sweep& sweep) {
  for (const ExperimentKey& key : experiment_keys()) {
    if (!run.has(key.name) || !sweep.varies(key.name)) continue;
    run.fail(key.name, fmt::format("{} has a list in [sweep], too; leave one out", key.name));
  }
}

}  // namespace

Override parse_override(const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0 || assignment.starts_with("sweep.=")) {
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
  experiment.name = read_experiment_name(file, std::filesystem::path(source).stem().string());
  for (const Override& change : overrides) {
    if (change.key != "name") continue;
    experiment.name =
        read_experiment_name(TomlReader::assignment("name", change.value, true, change.source), "");
  }
  const Sweep sweep(file, overrides);
  for (const Override& change : overrides) {
    if (sweep.is_in_points(change.key)) {
      throw UsageError(
          fmt::format("{}: {} is in each [[sweep.point]]; change it there, or take a "
                      "copy of the file without them",
                      change.source, change.key));
    }
    if (sweep.varies(change.key)) {
      throw UsageError(fmt::format(
          "{}: {} has a list in [sweep]; replace that one: --set sweep.{}=", change.source,
          change.key, change.key));
    }
  }
  RunSettings shared;
  read_settings(shared, file);
  const std::vector<TomlReader> tables = file.tables("run");
  file.refuse_unknown_keys();

  const auto read_run = [&](const TomlReader* table) {
    RunSettings settings = shared;
    std::optional<std::string> name;
    if (table != nullptr) {
      read_settings(settings, *table);
      name = read_run_name(*table, "name");
      settings.arm = read_run_name(*table, "arm").value_or("");
      table->refuse_unknown_keys();
      refuse_varied(*table, sweep);
    }
    for (const Override& change : overrides) apply(settings, change);
    settings.name = name ? *name : sweep.base_name(settings);
    return settings;
  };
  std::vector<RunSettings> runs;
  if (tables.empty()) runs.push_back(read_run(nullptr));
  for (const TomlReader& table : tables) runs.push_back(read_run(&table));

  std::set<std::string> folders;
  const auto check_name = [&](const RunSettings& run, const TomlReader& table) {
    if (!folders.insert(folder_of(run.name)).second) {
      table.fail("name", fmt::format("another run is called {} already; give each [[run]] a name "
                                     "of its own",
                                     run.name));
    }
  };
  // Before the sweep multiplies them, while each still has its place in the file.
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const TomlReader& table = tables.empty() ? file : tables[i];
    check_name(runs[i], table);
    check_data(runs[i], runs.front(), table);
  }
  if (!sweep.is_empty()) {
    runs = sweep.multiply(runs);
    folders.clear();
    for (const RunSettings& run : runs) {
      const std::string complaint = complaint_about_name(run.name, /*is_run=*/true);
      if (!complaint.empty()) file.fail("sweep", complaint);
      check_name(run, file);
      check_data(run, runs.front(), file);
    }
  }
  for (const RunSettings& run : runs) check(run, source);
  experiment.runs = std::move(runs);
  return experiment;
}

std::string folder_of(const std::string& run) {
  std::string folder = run;
  std::replace(folder.begin(), folder.end(), ' ', '-');
  return folder;
}

std::string format_experiment(const Experiment& experiment) {
  const std::vector<RunSettings>& runs = experiment.runs;
  std::string text = fmt::format("name = {}\n", toml_string(experiment.name));
  std::string section;
  std::vector<const ExperimentKey*> varied;
  for (const ExperimentKey& key : experiment_keys()) {
    const std::string value = key.write(runs.front());
    const bool is_shared = std::all_of(runs.begin(), runs.end(), [&](const RunSettings& each) {
      return key.write(each) == value;
    });
    if (!is_shared) varied.push_back(&key);
    if (!is_shared || value.empty()) continue;
    const auto dot = key.name.find('.');
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      text += fmt::format("\n[{}]\n", section);
    }
    text += fmt::format("{} = {}\n", key.name.substr(dot + 1), value);
  }
  for (const RunSettings& run : runs) {
    text += fmt::format("\n[[run]]\nname = {}\n", toml_string(run.name));
    if (!run.arm.empty()) text += fmt::format("arm = {}\n", toml_string(run.arm));
    for (const ExperimentKey* key : varied) {
      const std::string value = key->write(run);
      if (!value.empty()) text += fmt::format("{} = {}\n", key->name, value);
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
