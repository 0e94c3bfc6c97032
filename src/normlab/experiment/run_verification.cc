#include "normlab/experiment/run_verification.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/experiment/digests_csv.h"
#include "normlab/experiment/outcome.h"
#include "normlab/experiment/training_run.h"
#include "normlab/train/digests.h"

namespace normlab {
namespace {

// "a", "a and b", "a, b and c", "9 of 28 arrays: a, b, c, ...".
std::string list_arrays(const std::vector<std::string>& names, std::size_t of) {
  constexpr std::size_t kShown = 3;
  if (names.size() > kShown) {
    return fmt::format("{} of {} arrays differ: {}, ...", names.size(), of,
                       fmt::join(names.begin(), names.begin() + kShown, ", "));
  }
  if (names.size() == 1) return names.front() + " differs";
  return fmt::format("{} and {} differ", fmt::join(names.begin(), names.end() - 1, ", "),
                     names.back());
}

// The columns of a history that hold no times.
struct Column {
  const char* name;
  double (*of)(const EpochRecord&);
};
Scores held_out(const EpochRecord& record) { return record.validation.value_or(Scores{}); }

constexpr std::array kColumns = {
    Column{"epoch", [](const EpochRecord& r) { return static_cast<double>(r.epoch); }},
    Column{"learning_rate", [](const EpochRecord& r) { return r.learning_rate; }},
    Column{"train_loss", [](const EpochRecord& r) { return r.train_loss; }},
    Column{"train_accuracy", [](const EpochRecord& r) { return r.train_accuracy; }},
    Column{"train_objective", [](const EpochRecord& r) { return r.train_objective; }},
    Column{"test_loss", [](const EpochRecord& r) { return r.test_loss; }},
    Column{"test_accuracy", [](const EpochRecord& r) { return r.test_accuracy; }},
    Column{"test_correct",
           [](const EpochRecord& r) { return static_cast<double>(r.test_correct); }},
    Column{"validation_loss", [](const EpochRecord& r) { return held_out(r).loss; }},
    Column{"validation_accuracy", [](const EpochRecord& r) { return held_out(r).accuracy; }},
    Column{"validation_correct",
           [](const EpochRecord& r) { return static_cast<double>(held_out(r).correct); }}};

bool is_same_number(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

// "train_loss is 0.3 there and 0.4 here", of the first column that differs.
std::optional<std::string> compare(const EpochRecord& recorded, const EpochRecord& repeated,
                                   const char* there = "there") {
  for (const Column& column : kColumns) {
    const double was = column.of(recorded);
    const double is = column.of(repeated);
    if (is_same_number(was, is)) continue;
    return fmt::format("{} is {} {} and {} here", column.name, was, there, is);
  }
  return std::nullopt;
}

bool is_same_array(const Tensor& a, const Tensor& b) {
  const auto& there = std::get_if<std::vector<float>>(&a.data);
  const auto& here = b.floats();
  return there != nullptr && a.shape == b.shape && there->size() == here.size() &&
         std::equal(there->begin(), there->end(), here.begin(), [](float x, float y) {
           return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
         });
}

// Repeats one run and notes what differs.
class RunVerifier {
 public:
  RunVerifier(const RunSettings& settings, const RunResult& recorded, std::filesystem::path folder,
              const DatasetPair& data, Workers& workers)
      : settings_(settings),
        recorded_(recorded),
        folder_(std::move(folder)),
        data_(data),
        workers_(workers),
        network_(build_network(settings)) {
    network_.initialise(settings.recipe.initialisation_seed());
    verdict_.name = settings.name;
    verdict_.status = recorded.status;
    verdict_.of_epochs = settings.recipe.epochs;
  }

  RunVerdict verify(RunObserver& observer) {
    check_description();
    read_files();
    RunSettings shown = settings_;
    shown.recipe.epochs = epochs_to_repeat(recorded_);
    if (shown.recipe.epochs == 0) return std::move(verdict_);
    observer.run_begins(shown, describe(settings_));
    if (repeat(observer) && recorded_.status == RunStatus::kFinished) compare_outcome();
    return std::move(verdict_);
  }

 private:
  template <class... Arguments>
  void differ(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    verdict_.differences.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  // What results.json says of the run beside its epochs.
  void check_description() {
    const RunResult expected = describe(settings_);
    const auto check = [&](const char* key, const auto& there, const auto& here) {
      if (there != here) {
        differ("{} is {} in results.json and {} by experiment.toml", key, there, here);
      }
    };
    check("norm.kind", to_string(recorded_.norm.kind), to_string(expected.norm.kind));
    check("norm.groups", recorded_.norm.groups, expected.norm.groups);
    check("norm.eps", norm_eps(recorded_.norm), norm_eps(expected.norm));
    check("norm.momentum", recorded_.norm.momentum, expected.norm.momentum);
    check("norm.affine", recorded_.norm.affine, expected.norm.affine);
    check("norm.placement", to_string(recorded_.norm.placement),
          to_string(expected.norm.placement));
    check("norm.weight_standardization", recorded_.norm.weight_standardization,
          expected.norm.weight_standardization);
    check("norm.alpha", recorded_.norm.alpha, expected.norm.alpha);
    check("norm.r_max", recorded_.norm.r_max, expected.norm.r_max);
    check("norm.d_max", recorded_.norm.d_max, expected.norm.d_max);
    check("norm.virtual_batch", recorded_.norm.virtual_batch, expected.norm.virtual_batch);
    check("l1", recorded_.l1, expected.l1);
    check("seed", recorded_.seed, expected.seed);
    check("parameters", recorded_.parameters, expected.parameters);
    check("folder", recorded_.folder, expected.folder);
    check("arm", recorded_.arm, expected.arm);
    if (recorded_.status == RunStatus::kFinished) {
      check("number of epochs", static_cast<int>(recorded_.epochs.size()), settings_.recipe.epochs);
    }
  }

  // Files that cannot be read are differences, not a reason to stop.
  void read_files() {
    const bool needed = !recorded_.epochs.empty();
    const auto take = [&](const char* name, const auto& read) {
      if (!needed && !std::filesystem::exists(folder_ / name)) return;
      try {
        read(folder_ / name);
      } catch (const Error& error) {
        differ("{}", error.what());
      }
    };
    take("history.csv", [&](const auto& path) { history_ = read_history_csv(path); });
    take("digests.csv", [&](const auto& path) { digests_ = read_digests(path); });
    if (digests_ && digests_->arrays != array_names(network_)) {
      differ("digests.csv: its columns are not the arrays of the network");
      digests_.reset();
    }
    // A run that was stopped may have been so between the writing of two files.
    const std::size_t least = recorded_.epochs.size();
    const std::size_t most = least + (recorded_.status == RunStatus::kInterrupted ? 1 : 0);
    const auto check_rows = [&](const char* name, std::size_t rows) {
      if (rows < least || rows > most) {
        differ("{} has {} epochs, results.json has {}", name, rows, least);
      }
    };
    if (history_) check_rows("history.csv", history_->size());
    if (digests_) check_rows("digests.csv", digests_->digests.size());
  }

  // False if it went another way.
  bool repeat(RunObserver& observer) {
    Trainer trainer(network_, data_.train, data_.test, settings_.recipe, workers_,
                    data_.held_out());
    const auto progress = [&](const Progress& now) {
      observer.batch_done(now);
      return true;
    };
    const auto done = static_cast<int>(recorded_.epochs.size());
    const int epochs = epochs_to_repeat(recorded_);
    while (verdict_.epochs < std::min(epochs, settings_.recipe.epochs)) {
      const int epoch = verdict_.epochs + 1;
      EpochRecord record;
      try {
        record = trainer.run_epoch(progress);
      } catch (const DivergedError& error) {
        ++verdict_.epochs;
        if (epoch <= done) {
          differ("epoch {}: fails here: {}", epoch, error.what());
        } else if (recorded_.message != error.what()) {
          differ("epoch {}: fails with another message here: {}", epoch, error.what());
        }
        return false;
      }
      ++verdict_.epochs;
      observer.epoch_done(record);
      if (epoch > done) {
        differ("epoch {}: failed there, and does not here: {}", epoch, recorded_.message);
        return false;
      }
      if (!compare_epoch(record)) return false;
    }
    return true;
  }

  // False if the arrays have parted.
  bool compare_epoch(const EpochRecord& record) {
    const auto at = static_cast<std::size_t>(record.epoch - 1);
    bool together = true;
    if (digests_ && at < digests_->digests.size()) {
      const std::vector<std::uint64_t>& there = digests_->digests[at];
      std::vector<std::string> parted;
      for (std::size_t i = 0; i < there.size(); ++i) {
        if (there[i] != record.digests[i]) parted.push_back(digests_->arrays[i]);
      }
      if (!parted.empty()) {
        differ("epoch {}: {}", record.epoch, list_arrays(parted, there.size()));
        together = false;
      }
    }
    const EpochRecord& in_results = recorded_.epochs[at];
    const bool agree = !history_ || at >= history_->size() || !compare((*history_)[at], in_results);
    if (agree) {
      if (const auto difference = compare(in_results, record)) {
        differ("epoch {}: {}", record.epoch, *difference);
      }
    } else {
      // The two files contradict each other.
      if (const auto difference = compare((*history_)[at], record, "in history.csv")) {
        differ("epoch {}: {}", record.epoch, *difference);
      }
      if (const auto difference = compare(in_results, record, "in results.json")) {
        differ("epoch {}: {}", record.epoch, *difference);
      }
    }
    return together;
  }

  void compare_outcome() {
    const RunOutcome outcome = outcome_of(network_, settings_, data_, workers_);
    try {
      compare_model(outcome.model);
    } catch (const Error& error) {
      differ("{}", error.what());
    }
    try {
      const std::string there = read_text_file(folder_ / "predictions.csv");
      const std::string here = predictions_csv(outcome.predictions);
      if (there != here) differ("predictions.csv: {}", first_line_that_differs(there, here));
    } catch (const Error& error) {
      differ("{}", error.what());
    }
  }

  void compare_model(const SafetensorsFile& here) {
    const std::filesystem::path path = folder_ / "model.safetensors";
    const std::vector<std::byte> bytes = read_file(path);
    if (bytes == format_safetensors(here)) return;
    const SafetensorsFile there = parse_safetensors(bytes, path.string());
    std::vector<std::string> parted;
    for (const Tensor& tensor : here.tensors) {
      const Tensor* other = there.find(tensor.name);
      if (other == nullptr || !is_same_array(*other, tensor)) parted.push_back(tensor.name);
    }
    if (!parted.empty()) {
      differ("model.safetensors: {}", list_arrays(parted, here.tensors.size()));
    } else if (there.metadata != here.metadata) {
      for (const auto& [key, value] : here.metadata) {
        const auto found = there.metadata.find(key);
        if (found != there.metadata.end() && found->second == value) continue;
        differ("model.safetensors: {} in its metadata differs", key);
      }
      for (const auto& [key, value] : there.metadata) {
        if (!here.metadata.contains(key)) {
          differ("model.safetensors: {} in its metadata was added", key);
        }
      }
    } else {
      differ("model.safetensors: the same arrays in other bytes");
    }
  }

  const RunSettings& settings_;
  const RunResult& recorded_;
  std::filesystem::path folder_;
  const DatasetPair& data_;
  Workers& workers_;
  Network network_;
  std::optional<History> history_;
  std::optional<DigestTable> digests_;
  RunVerdict verdict_;
};

}  // namespace

int epochs_to_repeat(const RunResult& recorded) {
  const auto done = static_cast<int>(recorded.epochs.size());
  return recorded.status == RunStatus::kFailed ? done + 1 : done;
}

std::string first_line_that_differs(const std::string& there, const std::string& here) {
  const auto at = std::mismatch(there.begin(), there.end(), here.begin(), here.end()).first;
  return fmt::format("line {} differs", 1 + std::count(there.begin(), at, '\n'));
}

RunVerdict verify_run(const RunSettings& settings, const RunResult& recorded,
                      const std::filesystem::path& folder, const DatasetPair& data,
                      Workers& workers, RunObserver& observer) {
  return RunVerifier(settings, recorded, folder, data, workers).verify(observer);
}

}  // namespace normlab
