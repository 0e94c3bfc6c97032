// The learning rate of each step, with PyTorch's formulas (torch.optim.lr_scheduler).
#pragma once

#include <string>
#include <vector>

namespace normlab {

enum class ScheduleKind { kConstant, kStep, kMultiStep, kCosine, kOneCycle };

struct Schedule {
  ScheduleKind kind = ScheduleKind::kStep;
  float learning_rate = 0.01f;  // one-cycle: the maximum
  int step_epochs = 4;          // step: multiply by gamma every so many epochs
  std::vector<int> milestones;  // multi-step: multiply by gamma when each epoch count is reached
  float gamma = 0.1f;
  float minimum = 0.0f;           // cosine: the learning rate at the end
  float warmup_share = 0.3f;      // one-cycle: share of the steps in which the rate rises
  float initial_divisor = 25.0f;  // one-cycle: start = learning_rate / initial_divisor
  float final_divisor = 1e4f;     // one-cycle: end = start / final_divisor
};

// The rate for a step: `epoch` from 0, `step` from 0 within the epoch. All but one-cycle change
// only between epochs. Computed in double and rounded once.
float learning_rate(const Schedule& schedule, int epoch, int step, int epochs, int steps_per_epoch);

// "constant", "step", "multi-step", "cosine", "one-cycle".
ScheduleKind parse_schedule_kind(const std::string& name);
std::string to_string(ScheduleKind kind);

}  // namespace normlab
