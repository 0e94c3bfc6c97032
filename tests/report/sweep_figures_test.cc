// What is drawn over a sweep's settings, and over the epochs where runs repeat one another.
#include "normlab/report/sweep_figures.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "normlab/base/file.h"
#include "normlab/formats/png.h"
#include "normlab/report/curves.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/line_figure.h"
#include "report/comparison_folders.h"

namespace normlab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Experiment shipped(const std::string& name) {
  const std::string path = std::string(NORMLAB_SOURCE_DIR) + "/experiments/" + name + ".toml";
  return parse_experiment(read_text_file(path), path);
}

Experiment parse(const std::string& text) { return parse_experiment(text, "test.toml"); }

std::vector<std::string> labels_of(const SweptAxis& axis) {
  std::vector<std::string> labels;
  for (const SweptAxis::Line& line : axis.lines) labels.push_back(line.label);
  return labels;
}

TEST(SweptAxes, BatchSizesTakeTheirLearningRateAlong) {
  const std::vector<SweptAxis> axes = swept_axes(shipped("batch-size"));
  ASSERT_EQ(axes.size(), 1u);
  EXPECT_EQ(axes[0].key, "train.batch_size");
  EXPECT_THAT(axes[0].along, ElementsAre("schedule.learning_rate"));
  EXPECT_THAT(axes[0].values, ElementsAre(2, 4, 8, 16, 32, 128));
  EXPECT_THAT(labels_of(axes[0]), ElementsAre("batch", "group", "layer", "instance", "none"));
  ASSERT_EQ(axes[0].lines[1].points.size(), 6u);
  EXPECT_EQ(axes[0].lines[1].points[5].value, 128);
  EXPECT_EQ(axes[0].lines[1].points[5].arm, "batch_size=128 group");
}

TEST(SweptAxes, AKeyWithFewerValuesThanTheOneThatLeadsItIsNoAxis) {
  const std::vector<SweptAxis> axes = swept_axes(parse(R"(
[sweep]
norm.groups = [2, 4]
[[sweep.point]]
train.batch_size = 8
schedule.learning_rate = 0.1
[[sweep.point]]
train.batch_size = 16
schedule.learning_rate = 0.3
[[sweep.point]]
train.batch_size = 32
schedule.learning_rate = 0.3
[[sweep.point]]
train.batch_size = 64
schedule.learning_rate = 0.4
)"));
  ASSERT_EQ(axes.size(), 1u);
  EXPECT_EQ(axes[0].key, "train.batch_size");
  EXPECT_THAT(axes[0].along, ElementsAre("schedule.learning_rate"));
  EXPECT_THAT(labels_of(axes[0]), ElementsAre("groups=2", "groups=4"));
}

TEST(SweptAxes, NamedRunsMakeLinesToo) {
  const std::vector<SweptAxis> axes = swept_axes(parse(R"(
[sweep]
l1.lambda = [0.009, 0, 0.0005]
[[run]]
name = "wide"
norm.kind = "group"
[[run]]
name = "one"
norm.kind = "layer"
)"));
  ASSERT_EQ(axes.size(), 1u);
  EXPECT_THAT(axes[0].values, ElementsAre(0, 0.0005, 0.009));
  EXPECT_THAT(labels_of(axes[0]), ElementsAre("group", "layer"));
  EXPECT_EQ(axes[0].lines[0].points[0].arm, "wide l1=0");
}

TEST(SweptAxes, TwoNumbersMakeTwoAxesAndAGrid) {
  const Experiment experiment = parse(R"(
[sweep]
train.batch_size = [64, 128, 16]
l1.lambda = [0.1, 0.01, 0.001, 0]
train.seed = [1, 2]
)");
  const std::vector<SweptAxis> axes = swept_axes(experiment);
  ASSERT_EQ(axes.size(), 2u);
  EXPECT_EQ(axes[0].key, "l1.lambda");
  EXPECT_THAT(labels_of(axes[0]), ElementsAre("batch_size=64", "batch_size=128", "batch_size=16"));
  EXPECT_EQ(axes[1].key, "train.batch_size");
  EXPECT_EQ(axes[1].lines.size(), 4u);
  const SweptGrid grid = swept_grid(experiment);
  EXPECT_EQ(grid.rows.key, "train.batch_size");
  EXPECT_THAT(grid.rows.labels, ElementsAre("16", "64", "128"));  // as numbers, not as text
  EXPECT_EQ(grid.columns.key, "l1.lambda");
  EXPECT_THAT(grid.columns.labels, ElementsAre("0", "0.001", "0.01", "0.1"));
  EXPECT_THAT(grid.arms[2][1], HasSubstr("batch_size=128"));
  EXPECT_THAT(grid.arms[2][1], HasSubstr("l1=0.001"));
}

TEST(SweptAxes, NotSetIsNoNumber) {
  const std::string runs = R"(
[[run]]
name = "own"
[[run]]
name = "0.1"
model.dropout = 0.1
[[run]]
name = "0.2"
model.dropout = 0.2
)";
  EXPECT_THAT(swept_axes(parse(runs)), IsEmpty());
  EXPECT_EQ(swept_axes(parse(runs + "[[run]]\nname = \"0.3\"\nmodel.dropout = 0.3\n")).size(), 0u);
}

TEST(SweptAxes, WhatIsNoNumberOrDiffersInMuchIsNoAxis) {
  for (const char* name : {"session6", "norms", "placement", "session6-seeds"}) {
    EXPECT_THAT(swept_axes(shipped(name)), IsEmpty()) << name;
  }
  EXPECT_THAT(swept_grid(shipped("session6")).arms, IsEmpty());
  EXPECT_THAT(swept_grid(shipped("norms")).arms, IsEmpty());
  // BN+L1 makes two values of l1.lambda, and GN and LN have one of them.
  EXPECT_THAT(swept_grid(shipped("session6-seeds")).arms, IsEmpty());
  const SweptGrid placement = swept_grid(shipped("placement"));
  EXPECT_THAT(placement.rows.labels, ElementsAre("after", "before"));
  EXPECT_THAT(placement.columns.labels, ElementsAre("batch", "group", "layer"));
}

// The rows of data block `name` in a script.
std::vector<std::vector<double>> data_of(const std::string& script, const std::string& name) {
  std::istringstream lines(script.substr(script.find("$" + name + " << END\n")));
  std::vector<std::vector<double>> rows;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "END") {
    std::istringstream numbers(line);
    rows.emplace_back();
    for (double number = 0; numbers >> number;) rows.back().push_back(number);
  }
  return rows;
}

class SweepFigures : public testing::Test {
 protected:
  SweepFigures()
      : experiment_(parse("[sweep]\ntrain.batch_size = [2, 4, 64]\nnorm.kind = [\"group\"]\n"
                          "train.seed = \"1..3\"\n")) {
    append_arm(runs_, "group batch_size=2", {985, 980, 990});
    append_arm(runs_, "group batch_size=4", {100, 100, 100});
    append_arm(runs_, "group batch_size=64", {1000, 990});
    runs_.push_back({"group batch_size=64", 3, 10, RunStatus::kInterrupted});
  }

  std::vector<RunOfArm> runs_;
  Experiment experiment_;
};

TEST_F(SweepFigures, PointsAreMeansOfFinishedRunsWithTheirInterval) {
  const auto axes = swept_axes(experiment_);
  ASSERT_EQ(axes.size(), 1u);
  const std::string script = axis_figure(axes[0], results_of(runs_), kComparedImages);
  const auto rows = data_of(script, "line0");
  ASSERT_EQ(rows.size(), 3u);
  // Errors of 1.5, 2 and 1 %: t(0.975, 2 degrees) = 4.302653, deviation 0.5.
  const double reach = 4.302653 * 0.5 / std::sqrt(3.0);
  EXPECT_NEAR(rows[0][0], 2, 1e-9);
  EXPECT_NEAR(rows[0][1], 1.5, 1e-9);
  EXPECT_NEAR(rows[0][2], 1.5 - reach, 1e-5);
  EXPECT_NEAR(rows[0][3], 1.5 + reach, 1e-5);
  EXPECT_NEAR(rows[1][1], 90, 1e-9);
  EXPECT_NEAR(rows[2][1], 0.5, 1e-9);  // without the run that was interrupted
  EXPECT_GT(rows[2][2], 0);            // an interval beyond 100 % ends on the axis
  EXPECT_THAT(script, HasSubstr("set logscale x"));
  EXPECT_FALSE(run_gnuplot(png_terminal(kLineFigureWidth, kLineFigureHeight) + script).empty());
}

TEST_F(SweepFigures, ASweptZeroStandsOnEvenlySpacedPlaces) {
  const auto axes = swept_axes(parse("[sweep]\nl1.lambda = [0, 0.0005, 0.02]\n"));
  ASSERT_EQ(axes.size(), 1u);
  std::vector<RunOfArm> runs = {
      {"GN l1=0", 1, 990}, {"GN l1=0.0005", 1, 980}, {"GN l1=0.02", 1, 970}};
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].arm = axes[0].lines[0].points[i].arm;
  const std::string script = axis_figure(axes[0], results_of(runs), kComparedImages);
  EXPECT_EQ(data_of(script, "line0")[2][0], 2);
  EXPECT_THAT(script, HasSubstr("evenly spaced"));
  EXPECT_THAT(script, Not(HasSubstr("set logscale x")));
  EXPECT_THAT(script, Not(HasSubstr("yerrorbars")));  // of single runs
}

TEST_F(SweepFigures, CellsOfAGridAreColouredByTheLogarithmOfTheError) {
  const Experiment experiment =
      parse("[sweep]\nnorm.kind = [\"group\", \"layer\"]\ntrain.batch_size = [8, 4, 2]\n");
  const SweptGrid grid = swept_grid(experiment);
  ASSERT_EQ(grid.arms.size(), 2u);
  ASSERT_EQ(grid.arms[0].size(), 3u);
  const std::vector<RunOfArm> runs = {
      {grid.arms[0][0], 1, 900}, {grid.arms[0][1], 1, 990}, {grid.arms[1][2], 1, 999}};
  const std::string script = grid_figure(grid, results_of(runs), kComparedImages);
  EXPECT_THAT(script, HasSubstr("'99.90'"));
  const Image picture = decode_png(
      run_gnuplot(png_terminal(grid_figure_width(grid), grid_figure_height(grid)) + script),
      "grid");
  // Each cell is filled to its edges with a colour of its own, but for its number; those without a
  // finished run are not, and nothing is drawn between.
  std::map<std::string, int> count;
  std::map<std::string, std::pair<int, int>> rows;
  for (int row = 0; row < picture.height; ++row) {
    for (int column = 0; column < picture.width; ++column) {
      const std::uint8_t* pixel = picture.at(row, column);
      const std::string colour = fmt::format("{:02x}{:02x}{:02x}", pixel[0], pixel[1], pixel[2]);
      ++count[colour];
      rows.try_emplace(colour, row, row).first->second.second = row;
    }
  }
  int coloured = 0;
  for (const auto& [colour, number] : count) {
    const bool is_gray =
        colour.substr(0, 2) == colour.substr(2, 2) && colour.substr(0, 2) == colour.substr(4, 2);
    if (!is_gray) coloured += number;
  }
  const std::vector<std::string> expected = {"440154", "269089", "fde725"};  // 10, 1 and 0.1 %
  for (const std::string& colour : expected) {
    EXPECT_GT(count[colour], 9000) << colour;
    EXPECT_LT(count[colour], 13000) << colour;
    EXPECT_LT(rows[colour].second - rows[colour].first, 80) << colour;
  }
  EXPECT_LT(coloured, 39500);
  EXPECT_LT(rows["440154"].second, rows["fde725"].first + 3);  // the second row
  // Before the first run has finished.
  EXPECT_FALSE(run_gnuplot(png_terminal(700, 400) + grid_figure(grid, {}, 0)).empty());
}

TEST(Curves, FiveRunsOfAnArmHaveABand) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {985, 980, 990, 985});
  const std::string few = accuracy_figure(results_of(runs), kComparedImages);
  EXPECT_THAT(few, Not(HasSubstr("filledcurves")));
  EXPECT_THAT(few, Not(HasSubstr("interval and")));
  append_arm(runs, "GN", {985}, 5);
  const std::string script = accuracy_figure(results_of(runs), kComparedImages);
  EXPECT_THAT(script, HasSubstr("filledcurves"));
  EXPECT_THAT(script, HasSubstr("its 95 % interval"));
  const auto rows = data_of(script, "line0");
  ASSERT_EQ(rows.size(), 2u);
  // Deviation 0.353553, t(0.975, 4 degrees) = 2.776445.
  const double reach = 2.776445 * 0.3535534 / std::sqrt(5.0);
  EXPECT_NEAR(rows[1][1], 1.5, 1e-9);
  EXPECT_NEAR(rows[1][2], 1.5 - reach, 1e-5);
  EXPECT_NEAR(rows[1][3], 1.5 + reach, 1e-5);
}

// One that failed early would make the mean of the others' first epochs, and of its own, jump.
TEST(Curves, AreMeansOfFinishedRuns) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {985, 980, 990});
  runs.push_back({"GN", 4, 100, RunStatus::kFailed});
  runs.push_back({"GN", 5, 100, RunStatus::kInterrupted});
  runs.push_back({"LN", 1, 980, RunStatus::kInterrupted});
  runs.push_back({"LN", 2, 900, RunStatus::kFailed});
  ExperimentResults results = results_of(runs);
  results.runs[3].epochs.resize(1);
  results.runs[6].epochs.resize(1);
  const std::string script = accuracy_figure(results, kComparedImages);
  EXPECT_THAT(script, HasSubstr("'98.50 %  GN (3 of 5 runs)'"));
  EXPECT_NEAR(data_of(script, "line0")[0][1], 1.0, 1e-9);
  EXPECT_NEAR(data_of(script, "line0")[1][1], 1.5, 1e-9);
  // None has finished: as far as all have come.
  EXPECT_THAT(script, HasSubstr("'–  LN (0 of 2 runs)'"));
  const auto rows = data_of(script, "line1");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NEAR(rows[0][1], 5.5, 1e-9);
}

TEST(Curves, ASingleEpochHasNoInterval) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {985, 980, 990, 985, 975});
  ExperimentResults results = results_of(runs);
  for (RunResult& run : results.runs) run.epochs.resize(1);
  EXPECT_THAT(accuracy_figure(results, kComparedImages), Not(HasSubstr("95 % interval")));
}

TEST(Curves, BandsOfManyArmsAreLeftOut) {
  std::vector<RunOfArm> runs;
  for (int arm = 0; arm < 9; ++arm) {
    append_arm(runs, fmt::format("arm {}", arm), {985, 980, 990, 985, 975});
    const std::string script = accuracy_figure(results_of(runs), kComparedImages);
    EXPECT_EQ(script.find("filledcurves") != std::string::npos, arm < 8) << arm;
  }
}

TEST(Curves, ALossThatIsNoNumberIsLeftOut) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {985, 980, 990, 985, 975});
  ExperimentResults results = results_of(runs);
  for (RunResult& run : results.runs) run.epochs[0].test_loss = 0.5;
  results.runs[3].epochs[1].test_loss = std::numeric_limits<double>::quiet_NaN();
  const std::string script = loss_figure(results);
  EXPECT_EQ(data_of(script, "line0").size(), 1u);
  EXPECT_FALSE(run_gnuplot(png_terminal(kLineFigureWidth, kLineFigureHeight) + script).empty());
}

TEST(Curves, LossesBeyondEveryAxisStandAtItsEnds) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {985});
  ExperimentResults results = results_of(runs);
  results.runs[0].epochs[0].test_loss = 0;
  results.runs[0].epochs[1].test_loss = std::numeric_limits<double>::max();
  const std::string script = loss_figure(results);
  const auto rows = data_of(script, "line0");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0][1], 1e-9);
  EXPECT_EQ(rows[1][1], 1e99);
  EXPECT_THAT(script, HasSubstr("'5e+11' 500000000000 "));  // so many digits would not fit
  EXPECT_FALSE(run_gnuplot(png_terminal(kLineFigureWidth, kLineFigureHeight) + script).empty());
}

}  // namespace
}  // namespace normlab
