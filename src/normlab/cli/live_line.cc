#include "normlab/cli/live_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "normlab/base/text.h"
#include "normlab/cli/progress_bar.h"

namespace normlab {
namespace {

constexpr int kWidestBar = 30;
constexpr int kNarrowestBar = 6;
constexpr int kSweepBar = 20;

int brackets_of(const Terminal& terminal) { return terminal.has_unicode ? 0 : 2; }

// The first of `parts` that fit, each after two blanks; takes their columns from `room`.
std::string that_fit(const std::vector<std::string>& parts, int& room) {
  std::string text;
  for (const std::string& part : parts) {
    const int columns = 2 + columns_of(part);
    if (columns > room) break;
    room -= columns;
    text += "  " + part;
  }
  return text;
}

// Of a text of one byte a column.
std::string cut(const std::string& text, int columns) {
  return text.substr(0, static_cast<std::size_t>(std::max(0, columns)));
}

}  // namespace

std::string live_line(const Progress& progress, double seconds_left, int width,
                      const Terminal& terminal) {
  const double share = static_cast<double>(progress.batch) / progress.batches;
  const std::string head =
      fmt::format("{:>6}", fmt::format("{}/{}", progress.epoch, progress.epochs));
  int room = width - 1 - columns_of(head) - 2 - brackets_of(terminal) - kNarrowestBar;
  if (room < 0) return cut(head, width - 1);
  const std::string rest =
      that_fit({fmt::format("{:>3.0f} %", 100 * share), fmt::format("loss {:.4f}", progress.loss),
                fmt::format("acc {:.2f} %", progress.accuracy),
                fmt::format("{} left", clock_text(seconds_left)),
                fmt::format("{} images/s",
                            with_thousands(static_cast<std::int64_t>(progress.images_per_second)))},
               room);
  return head + "  " + progress_bar(share, std::min(kWidestBar, kNarrowestBar + room), terminal) +
         rest;
}

std::string live_line(const SweepAtWork& sweep, int width, const Terminal& terminal) {
  const std::string head =
      fmt::format("{}/{} runs  {} left", sweep.ended, sweep.runs, clock_text(sweep.seconds_left));
  int room = width - 1 - kSweepBar - brackets_of(terminal) - 2 - columns_of(head);
  if (room < 0) return cut(head, width - 1);
  std::vector<std::string> parts;
  for (const SweepAtWork::Run& run : sweep.at_work) {
    // The last epoch is done, but not scored, for a while.
    const int epoch = std::min(static_cast<int>(run.epochs_done) + 1, run.epochs);
    parts.push_back(fmt::format("{} {}/{}", run.name, epoch, run.epochs));
  }
  return progress_bar(sweep.share, kSweepBar, terminal) + "  " + head + that_fit(parts, room);
}

}  // namespace normlab
