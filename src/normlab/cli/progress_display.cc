#include "normlab/cli/progress_display.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/text.h"
#include "normlab/cli/interruption.h"
#include "normlab/cli/progress_bar.h"

namespace normlab {
namespace {

constexpr auto kBetweenFrames = std::chrono::milliseconds(80);
constexpr int kWidestBar = 30;
constexpr int kNarrowestBar = 6;

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
    : terminal_(standard_output()), quiet_(quiet), how_to_go_on_(std::move(how_to_go_on)) {
  for (const RunSettings& settings : experiment.runs) total_epochs_ += settings.recipe.epochs;
}

ProgressDisplay::~ProgressDisplay() { clear_live_line(); }

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
  keep_line("");
  keep_line(styled(run_, Style::kBold, terminal_.has_colours) + "  " + what);
  if (run_had_ended_) {
    keep_line(fmt::format("  {} before", to_string(result.status)));
    return;
  }
  if (epochs_done > 0) keep_line(fmt::format("  goes on after epoch {}", epochs_done));
  keep_line(styled(in_columns(head_cells(settings.validation > 0), line_width()), Style::kDim,
                   terminal_.has_colours));
}

void ProgressDisplay::batch_done(const Progress& progress) {
  if (was_interrupted()) {
    clear_live_line();
    throw Interrupted(
        fmt::format("stopped in epoch {} of {}; {}", progress.epoch, run_, how_to_go_on_));
  }
  const auto now = Clock::now();
  if (!has_started_) {
    has_started_ = true;
    started_ = now;
  }
  if (quiet_ || !terminal_.is_terminal || now - last_shown_ < kBetweenFrames) return;
  last_shown_ = now;
  show_live_line(progress);
}

void ProgressDisplay::epoch_done(const EpochRecord& record) {
  ++epochs_before_;
  ++epochs_here_;
  keep_line(in_columns(epoch_cells(record, run_epochs_), line_width()));
}

void ProgressDisplay::run_ends(const RunResult& result) {
  clear_live_line();
  if (result.status != RunStatus::kFailed) return;
  // A failure is told even to those who want quiet.
  std::fflush(stdout);
  fmt::print(stderr, "{}\n",
             styled(fmt::format("{} failed: {}", result.name, result.message), Style::kRed,
                    terminal_.has_colours));
  epochs_before_ += run_epochs_ - static_cast<int>(result.epochs.size());
}

void ProgressDisplay::remark(const std::string& text) {
  clear_live_line();
  fmt::print(stderr, "{}\n", text);
}

int ProgressDisplay::line_width() const {
  return terminal_.is_terminal ? terminal_width() : std::numeric_limits<int>::max();
}

void ProgressDisplay::keep_line(const std::string& line) {
  if (quiet_) return;
  clear_live_line();
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void ProgressDisplay::show_live_line(const Progress& progress) {
  fmt::print("\r{}\033[K", live_line(progress, terminal_width()));
  std::fflush(stdout);
  live_line_is_shown_ = true;
}

void ProgressDisplay::clear_live_line() {
  if (!live_line_is_shown_) return;
  fmt::print("\r\033[K");
  std::fflush(stdout);
  live_line_is_shown_ = false;
}

// What does not fit is left out, the least needed first: a line that wraps cannot be redrawn.
std::string ProgressDisplay::live_line(const Progress& progress, int width) const {
  const double share = static_cast<double>(progress.batch) / progress.batches;
  const std::string head =
      fmt::format("{:>6}", fmt::format("{}/{}", progress.epoch, progress.epochs));
  const std::vector<std::string> parts = {
      fmt::format("{:>3.0f} %", 100 * share), fmt::format("loss {:.4f}", progress.loss),
      fmt::format("acc {:.2f} %", progress.accuracy),
      fmt::format("{} left", clock_text(seconds_left(progress))),
      fmt::format("{} images/s",
                  with_thousands(static_cast<std::int64_t>(progress.images_per_second)))};
  const int brackets = terminal_.has_unicode ? 0 : 2;
  int room = width - 1 - columns_of(head) - 2 - brackets - kNarrowestBar;
  std::string rest;
  for (const std::string& part : parts) {
    if (columns_of(part) + 2 > room) break;
    room -= columns_of(part) + 2;
    rest += fmt::format("  {}", part);
  }
  if (room < 0) return head.substr(0, static_cast<std::size_t>(std::max(0, width - 1)));
  return head + "  " + progress_bar(share, std::min(kWidestBar, kNarrowestBar + room), terminal_) +
         rest;
}

// Of the whole experiment, at the pace of this process so far.
double ProgressDisplay::seconds_left(const Progress& progress) const {
  const double share = static_cast<double>(progress.batch) / progress.batches;
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  const double pace = elapsed / (epochs_here_ + share);
  return pace * (total_epochs_ - epochs_before_ - share);
}

}  // namespace normlab
