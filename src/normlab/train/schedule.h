// The learning rate of each step, with PyTorch's formulas (torch.optim.lr_scheduler).
#pragma once

#include <string>
#include <vector>

namespace normlab {

enum class ScheduleKind { kConstant, kStep, kMultiStep, kCosine, kOneCycle };

// In double, so that 0.01 * 0.1 is the 0.001 that a reader of the history expects.
struct Schedule {
  ScheduleKind kind = ScheduleKind::kStep;
  double learning_rate = 0.01;  // one-cycle: the maximum
  int step_epochs = 4;          // step: multiply by gamma every so many epochs
  std::vector<int> milestones =
      {};  // multi-step: multiply by gamma when each epoch count is reached
  double gamma = 0.1;
  double minimum = 0.0;           // cosine: the learning rate at the end
  double warmup_share = 0.3;      // one-cycle: share of the steps in which the rate rises
  double initial_divisor = 25.0;  // one-cycle: start = learning_rate / initial_divisor
  double final_divisor = 1e4;     // one-cycle: end = start / final_divisor
};

// The rate for a step: `epoch` from 0, `step` from 0 within the epoch. All but one-cycle change
// only between epochs. Computed in double and rounded once.
float learning_rate(const Schedule& schedule, int epoch, int step, int epochs, int steps_per_epoch);

// "constant", "step", "multi-step", "cosine", "one-cycle".
// Throws UsageError that lists them (and the nearest) for any other name.
ScheduleKind parse_schedule_kind(const std::string& name);
std::string to_string(ScheduleKind kind);

}  // namespace normlab
