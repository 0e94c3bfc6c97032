#include "normlab/train/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"

namespace normlab {
namespace {

struct KindName {
  ScheduleKind kind;
  const char* name;
};

constexpr std::array kKindNames = {
    KindName{ScheduleKind::kConstant, "constant"}, KindName{ScheduleKind::kStep, "step"},
    KindName{ScheduleKind::kMultiStep, "multi-step"}, KindName{ScheduleKind::kCosine, "cosine"},
    KindName{ScheduleKind::kOneCycle, "one-cycle"}};

// From `start` (share 0) to `end` (share 1) along half a cosine.
double cosine_between(double start, double end, double share) {
  return end + (start - end) / 2 * (1 + std::cos(std::numbers::pi * share));
}

// Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
// rates", 2018: up to the maximum, then down far below the start, each along half a cosine.
double one_cycle(const Schedule& schedule, double step, double steps) {
  const double start = schedule.learning_rate / schedule.initial_divisor;
  const double end = start / schedule.final_divisor;
  const double peak_step = schedule.warmup_share * steps - 1;
  const double last_step = steps - 1;
  if (step <= peak_step || last_step <= peak_step) {
    const double share = peak_step > 0 ? step / peak_step : 1;
    return cosine_between(start, schedule.learning_rate, share);
  }
  return cosine_between(schedule.learning_rate, end, (step - peak_step) / (last_step - peak_step));
}

}  // namespace

float learning_rate(const Schedule& schedule, int epoch, int step, int epochs,
                    int steps_per_epoch) {
  const double base = schedule.learning_rate;
  double rate = base;
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      break;
    case ScheduleKind::kStep:
      rate = base * std::pow(schedule.gamma, epoch / schedule.step_epochs);
      break;
    case ScheduleKind::kMultiStep: {
      const auto reached = std::count_if(schedule.milestones.begin(), schedule.milestones.end(),
                                         [&](int milestone) { return epoch >= milestone; });
      rate = base * std::pow(schedule.gamma, static_cast<double>(reached));
      break;
    }
    case ScheduleKind::kCosine:
      rate = cosine_between(base, schedule.minimum, static_cast<double>(epoch) / epochs);
      break;
    case ScheduleKind::kOneCycle:
      // In double: a million epochs of 60,000 steps are more than an int holds.
      rate = one_cycle(schedule, static_cast<double>(epoch) * steps_per_epoch + step,
                       static_cast<double>(epochs) * steps_per_epoch);
      break;
  }
  return static_cast<float>(rate);
}

ScheduleKind parse_schedule_kind(const std::string& name) {
  std::vector<std::string> known;
  for (const KindName& each : kKindNames) {
    if (name == each.name) return each.kind;
    known.emplace_back(each.name);
  }
  throw UsageError(fmt::format("unknown schedule \"{}\"; the nearest known is \"{}\" (all: {})",
                               name, nearest_name(name, known), fmt::join(known, ", ")));
}

std::string to_string(ScheduleKind kind) {
  return std::find_if(kKindNames.begin(), kKindNames.end(),
                      [&](const KindName& each) { return each.kind == kind; })
      ->name;
}

}  // namespace normlab
