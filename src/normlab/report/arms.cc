#include "normlab/report/arms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/predictions.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;

// A folder of an experiment, as far as this needs it.
struct Source {
  fs::path folder;
  std::string only;  // name of the one run's folder that was asked for; empty: all
  ExperimentResults results;
  std::map<std::string, RunSettings> settings;  // by name of the run; empty if nobody wrote them
};

fs::path without_end_slash(const fs::path& path) {
  return path.has_filename() || !path.has_parent_path() ? path : path.parent_path();
}

Source read_source(const fs::path& given) {
  const fs::path folder = without_end_slash(given);
  if (!fs::is_directory(folder)) {
    throw Error(fmt::format("{}: {}. Give a folder that normlab run made, such as runs/latest",
                            given.native(),
                            fs::exists(folder) ? "is no folder" : "no such folder"));
  }
  Source source;
  source.folder = folder;
  if (!fs::exists(folder / "results.json")) {
    // The folder of one run lies in that of its experiment.
    const fs::path absolute = fs::weakly_canonical(folder);
    source.only = absolute.filename();
    source.folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
    if (fs::weakly_canonical(source.folder) != absolute.parent_path()) {
      source.folder = absolute.parent_path();
    }
    if (!fs::exists(source.folder / "results.json")) {
      throw Error(fmt::format(
          "{}: no results of normlab are there (it has no results.json), nor is it a run's folder",
          given.native()));
    }
  }
  source.results = read_results(source.folder / "results.json");
  if (!source.only.empty() &&
      std::none_of(source.results.runs.begin(), source.results.runs.end(),
                   [&](const RunResult& run) { return run.folder == source.only; })) {
    throw Error(fmt::format("{}: {} names no run with this folder", given.native(),
                            (source.folder / "results.json").native()));
  }
  const fs::path file = source.folder / "experiment.toml";
  if (!fs::exists(file)) return source;
  try {
    for (const RunSettings& run : parse_experiment(read_text_file(file), file.native()).runs) {
      source.settings.emplace(run.name, run);
    }
  } catch (const UsageError&) {
    // Of another version of normlab; its numbers can be compared all the same.
    source.settings.clear();
  }
  return source;
}

// What runs of one arm share: everything that the run depends on but its seed. If nobody knows
// that, its name in its experiment.
std::string identity(const Source& source, const RunResult& run) {
  const auto found = source.settings.find(run.name);
  if (found == source.settings.end()) {
    return fmt::format("{}\n{}", fs::weakly_canonical(source.folder).native(), run.arm);
  }
  RunSettings settings = found->second;
  settings.name = "run";
  settings.arm.clear();
  settings.recipe.seed = 1;
  return fmt::format("{}\n{}", run.arm, format_experiment({.name = "arm", .runs = {settings}}));
}

// The sums of the test images and labels that a run was tested on; empty if nobody knows.
std::string test_data(const Source& source, const RunResult& run) {
  const auto environment = nlohmann::json::parse(source.results.environment, nullptr, false);
  if (!environment.is_object() || !environment.contains("data_sha256")) return "";
  const auto& sets = environment["data_sha256"];
  if (!sets.is_object() || sets.empty()) return "";
  const auto settings = source.settings.find(run.name);
  const std::string name = settings != source.settings.end() ? settings->second.data_name
                           : sets.size() == 1                ? sets.begin().key()
                                                             : "";
  if (!sets.contains(name) || !sets[name].is_object()) return "";
  return sets[name].value("test images", nlohmann::json()).dump() +
         sets[name].value("test labels", nlohmann::json()).dump();
}

// For messages: "mnist", or the folder if the data have no known name.
std::string data_name(const Source& source, const RunResult& run) {
  const auto settings = source.settings.find(run.name);
  return settings != source.settings.end() ? settings->second.data_name : "other images";
}

int test_images(const EpochRecord& last) {
  return last.test_accuracy > 0
             ? static_cast<int>(std::lround(100.0 * last.test_correct / last.test_accuracy))
             : 0;
}

class Gatherer {
 public:
  void add(const Source& source) {
    for (const RunResult& run : source.results.runs) {
      if (source.only.empty() || run.folder == source.only) add(source, run);
    }
  }

  ArmSet finish() {
    for (Arm& arm : set_.arms) {
      std::sort(arm.runs.begin(), arm.runs.end(),
                [](const ArmRun& a, const ArmRun& b) { return a.seed < b.seed; });
    }
    tell_names_apart();
    return std::move(set_);
  }

 private:
  void add(const Source& source, const RunResult& result) {
    const std::string path = (source.folder / result.folder).native();
    const auto leave_out = [&](const std::string& reason) {
      set_.left_out.push_back({path, reason});
    };
    if (result.status != RunStatus::kFinished) {
      leave_out(result.message.empty()
                    ? to_string(result.status)
                    : fmt::format("{}: {}", to_string(result.status), result.message));
      return;
    }
    if (result.epochs.empty() || !std::isfinite(result.epochs.back().test_accuracy)) {
      leave_out("it has no accuracy");
      return;
    }
    const EpochRecord& last = result.epochs.back();
    require_same_test(source, result, test_images(last));
    if (!folders_.insert(fs::weakly_canonical(path)).second) return;  // named twice
    Arm& arm = arm_of(source, result);
    for (const ArmRun& other : arm.runs) {
      if (other.seed != result.seed) continue;
      leave_out(fmt::format("{} has the same settings and the same seed", other.folder.native()));
      return;
    }
    ArmRun run{.name = result.name,
               .folder = path,
               .seed = result.seed,
               .accuracy = last.test_accuracy,
               .scores = std::nullopt,
               .right = {}};
    read_scores(run, last);
    arm.runs.push_back(std::move(run));
  }

  Arm& arm_of(const Source& source, const RunResult& result) {
    const auto [found, is_new] = arms_.try_emplace(identity(source, result), set_.arms.size());
    if (is_new) {
      set_.arms.push_back({result.arm, {}});
      origins_.push_back(source.folder.native());
    }
    return set_.arms[found->second];
  }

  void require_same_test(const Source& source, const RunResult& result, int images) {
    const std::string name = (source.folder / result.folder).native();
    const std::string data = test_data(source, result);
    const std::string shown = data_name(source, result);
    if (first_name_.empty()) first_name_ = name;
    if (!data.empty()) {
      if (data_.empty()) {
        data_ = data;
        data_name_ = shown;
        data_run_ = name;
      }
      if (data != data_) {
        throw DifferentData(fmt::format(
            "results of different data cannot be compared: {} was tested on {}, {} on {}{}",
            data_run_, data_name_, name, shown, shown == data_name_ ? " with other files" : ""));
      }
    }
    if (images == 0) return;
    if (set_.test_images == 0) set_.test_images = images;
    if (images != set_.test_images) {
      throw DifferentData(fmt::format(
          "results of different data cannot be compared: {} was tested on {} images, {} on {}",
          first_name_, set_.test_images, name, images));
    }
  }

  void read_scores(ArmRun& run, const EpochRecord& last) {
    const fs::path file = run.folder / "predictions.csv";
    if (!fs::exists(file)) return;
    const auto leave_out = [&](const std::string& reason) {
      set_.left_out.push_back({file.native(), reason});
    };
    Predictions predictions;
    try {
      predictions = read_predictions(file);
    } catch (const Error& error) {
      leave_out(error.what());
      return;
    }
    if (predictions.size() == 0) {
      leave_out("it is empty");
      return;
    }
    if (labels_.empty()) labels_ = predictions.labels;
    if (labels_ != predictions.labels) {
      leave_out("its labels are not those of the other runs");
      return;
    }
    std::vector<bool> right = predictions.right();
    if (std::count(right.begin(), right.end(), true) != last.test_correct) {
      leave_out("it is not of the last epoch: its accuracy is another");
      return;
    }
    run.right = std::move(right);
    run.scores =
        score_predictions(predictions.labels, predictions.probabilities, predictions.classes);
  }

  // Arms of one name and of other settings, or of another experiment.
  void tell_names_apart() {
    std::map<std::string, int> count;
    for (const Arm& arm : set_.arms) ++count[arm.name];
    for (std::size_t i = 0; i < set_.arms.size(); ++i) {
      Arm& arm = set_.arms[i];
      if (count[arm.name] > 1) arm.name = fmt::format("{} ({})", arm.name, origins_[i]);
    }
  }

  ArmSet set_;
  std::map<std::string, std::size_t> arms_;  // by identity
  std::vector<std::string> origins_;         // per arm: the folder of its first run
  std::set<fs::path> folders_;               // of runs that were seen
  std::vector<int> labels_;
  std::string first_name_;
  std::string data_;
  std::string data_name_;
  std::string data_run_;
};

}  // namespace

std::vector<double> Arm::accuracies() const {
  std::vector<double> values;
  for (const ArmRun& run : runs) values.push_back(run.accuracy);
  return values;
}

ArmSet gather_arms(const std::vector<fs::path>& folders) {
  Gatherer gatherer;
  for (const fs::path& folder : folders) gatherer.add(read_source(folder));
  ArmSet set = gatherer.finish();
  if (!set.arms.empty()) return set;
  if (set.left_out.empty()) {
    throw Error(fmt::format("{}: there are no runs in it", folders.front().native()));
  }
  throw Error(fmt::format("no run has finished, there is nothing to compare; {}: {}",
                          set.left_out.front().what, set.left_out.front().reason));
}

}  // namespace normlab
