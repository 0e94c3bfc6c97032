#include "normlab/report/log_axis.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace normlab {
namespace {

constexpr double kGap = 0.04;

LogAxis axis_of(const std::vector<double>& values) {
  return make_log_axis(values, kGap, [](double value) { return fmt::format("{:.10g}", value); });
}

bool has_label(const LogAxis& axis, const std::string& label) {
  return std::any_of(axis.ticks.begin(), axis.ticks.end(),
                     [&](const Tick& tick) { return tick.label == label; });
}

TEST(LogAxis, ShowsAllValuesAndKeepsLabelsApart) {
  for (const std::vector<double>& values : {std::vector<double>{0.77, 38},
                                            {0.84},
                                            {0.84, 0.85},
                                            {90},
                                            {2.3, 2.31},
                                            {1e-9, 0.02},
                                            {0.0283, 1.38},
                                            {1e-30, 1e30}}) {
    const LogAxis axis = axis_of(values);
    SCOPED_TRACE(fmt::format("{} to {}", values.front(), values.back()));
    const double length = std::log10(axis.high / axis.low);
    double before = 0;
    int labels = 0;
    for (const double value : values) {
      EXPECT_GT(value, axis.low);
      EXPECT_LT(value, axis.high);
    }
    for (const Tick& tick : axis.ticks) {
      EXPECT_GE(tick.value, axis.low);
      EXPECT_LE(tick.value, axis.high);
      if (tick.label.empty()) continue;
      if (labels++ > 0) {
        EXPECT_GE(std::log10(tick.value / before) / length, kGap * (1 - 1e-9));
      }
      before = tick.value;
    }
    EXPECT_GE(labels, 4);
    EXPECT_LE(labels, 25);
  }
}

TEST(LogAxis, RoundNumbersComeFirst) {
  const LogAxis axis = axis_of({0.77, 38});  // errors of 99.23 % and 62 %
  for (const char* label : {"0.8", "1", "2", "5", "10", "20", "30"}) {
    EXPECT_TRUE(has_label(axis, label)) << label;
  }
  EXPECT_FALSE(has_label(axis, "0.9"));  // too near to 1, but a line
  EXPECT_TRUE(std::any_of(axis.ticks.begin(), axis.ticks.end(),
                          [](const Tick& tick) { return std::abs(tick.value - 0.9) < 1e-9; }));
}

TEST(LogAxis, KeepsNinetyNinePointOneAndPointTwoApartBesideADipToSixty) {
  const LogAxis axis = axis_of({0.77, 40});
  const double share = std::log10(0.9 / 0.8) / std::log10(axis.high / axis.low);
  EXPECT_GT(share, 0.02);  // 12 of the 600 pixels between the axes' ends
}

}  // namespace
}  // namespace normlab
