// Learning rates against those of torch.optim.lr_scheduler (tests/golden/make_schedules.py).
#include "normlab/train/schedule.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "normlab/base/error.h"

namespace normlab {
namespace {

constexpr int kEpochs = 12;
constexpr int kSteps = 5;

// The schedules of make_schedules.py by their names there.
const std::map<std::string, Schedule> kSchedules = {
    {"constant", {.kind = ScheduleKind::kConstant, .learning_rate = 0.05}},
    {"step", {.kind = ScheduleKind::kStep, .learning_rate = 0.05, .step_epochs = 4, .gamma = 0.1}},
    {"step-1-0.9",
     {.kind = ScheduleKind::kStep, .learning_rate = 0.05, .step_epochs = 1, .gamma = 0.9}},
    {"multi-step",
     {.kind = ScheduleKind::kMultiStep,
      .learning_rate = 0.05,
      .milestones = {2, 3, 9},
      .gamma = 0.3}},
    {"cosine", {.kind = ScheduleKind::kCosine, .learning_rate = 0.05}},
    {"cosine-0.002", {.kind = ScheduleKind::kCosine, .learning_rate = 0.05, .minimum = 0.002}},
    {"one-cycle", {.kind = ScheduleKind::kOneCycle, .learning_rate = 0.05}},
    {"one-cycle-0.45-10-100",
     {.kind = ScheduleKind::kOneCycle,
      .learning_rate = 0.05,
      .warmup_share = 0.45,
      .initial_divisor = 10.0,
      .final_divisor = 100.0}},
};

TEST(Schedule, EveryRateIsThatOfPyTorch) {
  std::ifstream file(NORMLAB_SOURCE_DIR "/tests/golden/schedules.csv");
  ASSERT_TRUE(file.is_open());
  std::set<std::string> seen;
  int rates = 0;
  std::string line;
  for (std::getline(file, line); std::getline(file, line); ++rates) {
    std::istringstream row(line);
    std::string name, epoch, step, rate;
    std::getline(row, name, ',');
    std::getline(row, epoch, ',');
    std::getline(row, step, ',');
    std::getline(row, rate, ',');
    // Only the last bits of a double may differ (PyTorch multiplies where we raise to a power), so
    // after rounding to float at most the last bit does.
    EXPECT_FLOAT_EQ(
        learning_rate(kSchedules.at(name), std::stoi(epoch), std::stoi(step), kEpochs, kSteps),
        static_cast<float>(std::stod(rate)))
        << line;
    seen.insert(name);
  }
  EXPECT_EQ(seen.size(), kSchedules.size());
  EXPECT_EQ(rates, static_cast<int>(kSchedules.size()) * kEpochs * kSteps);
}

TEST(Schedule, OneCycleIsANumberHoweverFewTheSteps) {
  for (const double share : {0.0, 0.1, 0.3, 0.5, 1.0}) {
    for (int steps = 1; steps <= 10; ++steps) {
      for (int step = 0; step < steps; ++step) {
        const Schedule schedule = {
            .kind = ScheduleKind::kOneCycle, .learning_rate = 0.1, .warmup_share = share};
        const float rate = learning_rate(schedule, 0, step, 1, steps);
        EXPECT_TRUE(rate > 0.0f && rate <= 0.1f)
            << rate << " at step " << step << " of " << steps << ", warm-up share " << share;
      }
    }
  }
}

TEST(Schedule, OneCycleHasMoreStepsThanAnIntHolds) {
  const Schedule schedule = {.kind = ScheduleKind::kOneCycle, .learning_rate = 0.1};
  const float last = learning_rate(schedule, 999'999, 59'999, 1'000'000, 60'000);
  EXPECT_FLOAT_EQ(last, static_cast<float>(0.1 / 25 / 1e4));
  const float peak = learning_rate(schedule, 300'000, 0, 1'000'000, 60'000);
  EXPECT_FLOAT_EQ(peak, 0.1f);
}

TEST(Schedule, KindsAreKnownByName) {
  for (const ScheduleKind kind :
       {ScheduleKind::kConstant, ScheduleKind::kStep, ScheduleKind::kMultiStep,
        ScheduleKind::kCosine, ScheduleKind::kOneCycle}) {
    EXPECT_EQ(parse_schedule_kind(to_string(kind)), kind);
  }
  try {
    parse_schedule_kind("cosin");
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_EQ(std::string(error.what()),
              "unknown schedule \"cosin\"; the nearest known is \"cosine\" (all: constant, step, "
              "multi-step, cosine, one-cycle)");
  }
}

}  // namespace
}  // namespace normlab
