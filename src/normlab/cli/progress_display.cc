#include "normlab/cli/progress_display.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/text.h"
#include "normlab/cli/interruption.h"
#include "normlab/cli/live_line.h"

namespace normlab {
namespace {

constexpr auto kBetweenFrames = std::chrono::milliseconds(80);

// Columns of the lines that stay, the most telling first; those that a narrow terminal has no room
// for are left out.
struct Column {
  const char* head;
  int width;
};
constexpr std::array kColumns = {
    Column{"epoch", 6},      Column{"rate", 8}, Column{"train loss", 11}, Column{"acc", 8},
    Column{"test loss", 11}, Column{"acc", 8},  Column{"time", 9},        Column{"images/s", 10}};
using Cells = std::array<std::string, kColumns.size()>;

std::string in_columns(const Cells& cells, int width) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    width -= kColumns[i].width;
    if (width < 1) break;
    line += fmt::format("{:>{}}", cells[i], kColumns[i].width);
  }
  return line;
}

Cells head_cells(bool with_validation) {
  Cells cells;
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = kColumns[i].head;
  if (with_validation) cells[4] = "val. loss";
  return cells;
}

// With validation images it is those that are looked at.
Cells epoch_cells(const EpochRecord& record, int epochs) {
  const Scores test = {record.test_loss, record.test_accuracy, record.test_correct};
  const Scores seen = record.validation.value_or(test);
  return {fmt::format("{}/{}", record.epoch, epochs),
          fmt::format("{:.3g}", record.learning_rate),
          fmt::format("{:.4f}", record.train_loss),
          fmt::format("{:.2f} %", record.train_accuracy),
          fmt::format("{:.4f}", seen.loss),
          fmt::format("{:.2f} %", seen.accuracy),
          fmt::format("{:.1f} s", record.seconds),
          with_thousands(static_cast<std::int64_t>(record.images_per_second))};
}

}  // namespace

ProgressDisplay::ProgressDisplay(const Experiment& experiment, bool quiet, std::string how_to_go_on)
    : output_(quiet), how_to_go_on_(std::move(how_to_go_on)) {
  for (const RunSettings& settings : experiment.runs) total_epochs_ += settings.recipe.epochs;
}

void ProgressDisplay::run_begins(const RunSettings& settings, const RunResult& result) {
  const auto epochs_done = static_cast<int>(result.epochs.size());
  run_had_ended_ = result.status != RunStatus::kInterrupted;
  run_ = settings.name;
  run_epochs_ = settings.recipe.epochs;
  epochs_before_ += epochs_done;
  const std::string what =
      fmt::format("{}, {} parameters, {} epoch{}, seed {}", describe_in_sentence(settings.norm),
                  with_thousands(result.parameters), run_epochs_, run_epochs_ == 1 ? "" : "s",
                  settings.recipe.seed);
  output_.keep("");
  output_.keep(styled(run_, Style::kBold, output_.terminal().has_colours) + "  " + what);
  if (run_had_ended_) {
    output_.keep(fmt::format("  {} before", to_string(result.status)));
    return;
  }
  if (epochs_done > 0) output_.keep(fmt::format("  goes on after epoch {}", epochs_done));
  output_.keep(styled(in_columns(head_cells(settings.validation > 0), line_width()), Style::kDim,
                      output_.terminal().has_colours));
}

void ProgressDisplay::batch_done(const Progress& progress) {
  if (was_interrupted()) {
    output_.clear();
    throw Interrupted(
        fmt::format("stopped in epoch {} of {}; {}", progress.epoch, run_, how_to_go_on_));
  }
  const auto now = Clock::now();
  if (!has_started_) {
    has_started_ = true;
    started_ = now;
  }
  if (!output_.has_live_line() || now - last_shown_ < kBetweenFrames) return;
  last_shown_ = now;
  output_.show(live_line(progress, seconds_left(progress), terminal_width(), output_.terminal()));
}

void ProgressDisplay::epoch_done(const EpochRecord& record) {
  ++epochs_before_;
  ++epochs_here_;
  output_.keep(in_columns(epoch_cells(record, run_epochs_), line_width()));
}

void ProgressDisplay::run_ends(const RunResult& result) {
  output_.clear();
  if (result.status != RunStatus::kFailed) return;
  output_.failed(result.name, result.message);
  epochs_before_ += run_epochs_ - static_cast<int>(result.epochs.size());
}

void ProgressDisplay::remark(const std::string& text) { output_.remark(text); }

int ProgressDisplay::line_width() const {
  return output_.terminal().is_terminal ? terminal_width() : std::numeric_limits<int>::max();
}

// Of the whole experiment, at the pace of this process so far.
double ProgressDisplay::seconds_left(const Progress& progress) const {
  const double share = static_cast<double>(progress.batch) / progress.batches;
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  const double pace = elapsed / (epochs_here_ + share);
  return pace * (total_epochs_ - epochs_before_ - share);
}

}  // namespace normlab
