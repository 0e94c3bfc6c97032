#include "normlab/experiment/training_run.h"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/data/digest.h"
#include "normlab/experiment/digests_csv.h"
#include "normlab/experiment/outcome.h"
#include "normlab/experiment/predictions.h"
#include "normlab/experiment/results.h"
#include "normlab/formats/safetensors.h"
#include "normlab/train/checkpoint.h"
#include "normlab/train/digests.h"

namespace normlab {
namespace {

constexpr auto kModelFile = "model.safetensors";
constexpr auto kPredictionsFile = "predictions.csv";
constexpr auto kHistoryFile = "history.csv";
constexpr auto kDigestsFile = "digests.csv";
constexpr auto kResultFile = "result.json";

// Nothing if there is none, or it is damaged: the checkpoint holds what is needed to end again.
std::optional<EndedRun> find_ended(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kResultFile;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  try {
    return read_ended_run(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string settings_text(const RunSettings& settings, const DatasetPair& data) {
  std::string text = format_experiment({settings.name, {settings}});
  for (const Dataset* split : {&data.train, &data.test}) {
    text += fmt::format("# {}: images {}, labels {}\n", split->split, split->images_sha256,
                        split->labels_sha256);
  }
  return text;
}

std::string settings_sum(const std::string& settings_text) {
  return hex_digest(Hash::kSha256, std::as_bytes(std::span(settings_text)));
}

RunResult describe(const RunSettings& settings) {
  RunResult result;
  result.name = settings.name;
  result.arm = arm_of(settings);
  result.norm = settings.norm;
  result.l1 = settings.recipe.l1;
  result.seed = settings.recipe.seed;
  result.folder = folder_of(settings.name);
  result.parameters = static_cast<int>(build_network(settings).parameter_values().size());
  return result;
}

TrainingRun::TrainingRun(const RunSettings& settings, std::filesystem::path folder,
                         const DatasetPair& data, Workers& workers)
    : settings_(settings),
      folder_(std::move(folder)),
      data_(data),
      workers_(workers),
      settings_text_(settings_text(settings, data)),
      network_(build_network(settings)),
      result_(describe(settings)) {
  network_.initialise(settings.recipe.initialisation_seed());
}

void TrainingRun::restore(const std::function<void(const std::string&)>& remark) {
  FoundCheckpoint found = find_checkpoint(folder_);
  if (!found.remark.empty()) remark(found.remark);
  if (found.checkpoint) {
    if (found.checkpoint->settings != settings_text_) {
      throw Error(
          fmt::format("{}: its checkpoint was made with other settings or data than those of this "
                      "experiment; delete that folder to train the run from its start",
                      folder_.string()));
    }
    state_ = std::move(found.checkpoint->state);
    newest_is_damaged_ = found.is_the_one_before;
    result_.epochs = std::move(found.checkpoint->history);
  }
  const std::optional<EndedRun> ended = find_ended(folder_);
  if (!ended || ended->settings_sha256 != settings_sum(settings_text_)) return;
  const bool is_whole = ended->result.status == RunStatus::kFailed
                            ? ended->result.epochs.size() == result_.epochs.size()
                            : state_.epochs_done >= settings_.recipe.epochs && has_outcome();
  if (!is_whole) return;
  result_.status = ended->result.status;
  result_.message = ended->result.message;
}

void TrainingRun::train(const std::function<void(const Progress&)>& batch_done,
                        const std::function<void(const EpochRecord&)>& epoch_done) {
  if (has_ended()) return;
  try {
    train_epochs(batch_done, epoch_done);
    save_outcome();
    end_as(RunStatus::kFinished, "");
  } catch (const DivergedError& error) {
    end_as(RunStatus::kFailed, error.what());
  }
}

void TrainingRun::train_epochs(const std::function<void(const Progress&)>& batch_done,
                               const std::function<void(const EpochRecord&)>& epoch_done) {
  Trainer trainer(network_, data_.train, data_.test, settings_.recipe, workers_, data_.held_out());
  if (state_.epochs_done > 0) trainer.restore(state_);
  // Not before: until a run is trained, another process may be at work on it.
  if (newest_is_damaged_) set_aside_newest(folder_);
  newest_is_damaged_ = false;
  const auto progress = [&](const Progress& now) {
    batch_done(now);
    return true;
  };
  while (trainer.epochs_done() < settings_.recipe.epochs) {
    const EpochRecord record = trainer.run_epoch(progress);
    result_.epochs.push_back(record);
    write_checkpoint(folder_, {settings_text_, trainer.state(), result_.epochs});
    save_history();
    epoch_done(record);
  }
}

bool TrainingRun::has_outcome() const {
  try {
    // What is left of a table may well be a table, of fewer epochs or images.
    read_safetensors(folder_ / kModelFile);
    return read_predictions(folder_ / kPredictionsFile).size() == data_.test.size() &&
           read_text_file(folder_ / kHistoryFile) == history_csv(result_.epochs) &&
           read_text_file(folder_ / kDigestsFile) == digests();
  } catch (const Error&) {
    return false;
  }
}

std::string TrainingRun::digests() const {
  return digests_csv(array_names(network_), result_.epochs);
}

void TrainingRun::save_history() const {
  write_file_atomically(folder_ / kHistoryFile, history_csv(result_.epochs));
  write_file_atomically(folder_ / kDigestsFile, digests());
}

void TrainingRun::save_outcome() const {
  // Once more: a run that was stopped between its last checkpoint and its history comes here at
  // once.
  save_history();
  const RunOutcome outcome = outcome_of(network_, settings_, data_, workers_);
  write_safetensors(folder_ / kModelFile, outcome.model);
  write_predictions(folder_ / kPredictionsFile, outcome.predictions);
}

void TrainingRun::end_as(RunStatus status, const std::string& message) {
  result_.status = status;
  result_.message = message;
  write_ended_run(folder_ / kResultFile, {result_, settings_sum(settings_text_)});
}

}  // namespace normlab
