#include "normlab/report/tables.h"

#include <gtest/gtest.h>

#include <limits>

#include "normlab/report/findings.h"
#include "normlab/report/recipe_table.h"
#include "report/sample.h"

namespace normlab {
namespace {

bool mentions(const std::vector<std::string>& paragraphs, const std::string& part) {
  for (const std::string& paragraph : paragraphs) {
    if (paragraph.find(part) != std::string::npos) return true;
  }
  return false;
}

std::vector<JudgedRun> judged(const ExperimentResults& results) {
  std::vector<JudgedRun> runs;
  for (const RunResult& run : results.runs) runs.push_back({run, std::nullopt});
  return runs;
}

TEST(Tables, TheTerminalGetsColumnsInLine) {
  EXPECT_EQ(results_text(sample_results(1000), 1000),
            "Run      Test acc.  Right  Test loss  Norm                L1   Time  "
            "Images/s  Status\n"
            "-------  ---------  -----  ---------  ---------------  -----  -----  "
            "--------  --------\n"
            "GN         95.00 %    950     0.2750  Group, 4 groups      –  6.0 s  "
            "  30,000  finished\n"
            "BN+L1      93.30 %    933     0.3600  Batch            0.009  6.0 s  "
            "  30,000  finished\n"
            "hot <i>          –      –          –  Group, 4 groups      –      –  "
            "       –  failed\n");
}

TEST(Tables, TheTerminalGetsNamesThatFit) {
  ExperimentResults results = sample_results(1000);
  results.runs.front().name = std::string(64, 'x');
  const std::string text = results_text(results, 1000);
  EXPECT_NE(text.find("\n" + std::string(23, 'x') + "…  "), std::string::npos) << text;
}

TEST(Tables, StatesAppearOnlyIfThereIsSomethingToSay) {
  ExperimentResults results = sample_results(1000);
  EXPECT_EQ(results_table(results, 1000).head.back(), "Status");
  results.runs.pop_back();
  const Table table = results_table(results, 1000);
  EXPECT_EQ(table.head.back(), "Images/s");
  EXPECT_EQ(table.head[2], "Right of 1,000");
  ASSERT_EQ(table.rows.size(), 2u);
  for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.head.size());
  EXPECT_EQ(table.is_number.size(), table.head.size());
}

TEST(Tables, WhatIsNotFiniteIsADash) {
  ExperimentResults results = sample_results(1000);
  results.runs[0].epochs.back().test_accuracy = std::numeric_limits<double>::quiet_NaN();
  results.runs[0].epochs.back().test_loss = std::numeric_limits<double>::infinity();
  const Table table = results_table(results, 1000);
  EXPECT_EQ(table.rows[0][1], "–");
  EXPECT_EQ(table.rows[0][3], "–");
}

TEST(Findings, SayHowMuchChanceThereIs) {
  const auto said = findings(judged(sample_results(10000)), 10000);
  // 100 sqrt(0.95 * 0.05 / 10000) = 0.218 points, 22 images.
  EXPECT_TRUE(mentions(said, "At 95.00 % of 10,000 images"));
  EXPECT_TRUE(mentions(said, "±0.22 percentage points, or 22 images"));
  EXPECT_TRUE(mentions(said, "from seed 1"));
  EXPECT_TRUE(mentions(said, "BN+L1 differs from GN in the normalization and in the L1 penalty"));
  EXPECT_FALSE(mentions(said, "hot"));
}

TEST(Findings, NameRunsThatRepeatOneAnotherOnce) {
  ExperimentResults results = sample_results(10000);
  results.runs.push_back(results.runs[1]);
  results.runs[1].name = "BN+L1-1";
  results.runs.back().name = "BN+L1-2";
  const auto said = findings(judged(results), 10000);
  EXPECT_TRUE(mentions(said, "BN+L1 differs from GN in the normalization and in the L1 penalty"));
}

TEST(Findings, SpeakOfSeedsAndPerfectionAndNothing) {
  ExperimentResults results = sample_results(10000);
  results.runs[1].seed = 2;
  EXPECT_TRUE(mentions(findings(judged(results), 10000), "2 different seeds"));
  results.runs[1].epochs.back().test_accuracy = 100;
  EXPECT_TRUE(mentions(findings(judged(results), 10000), "up to 0.03 points away"));
  for (RunResult& run : results.runs) run.status = RunStatus::kInterrupted;
  EXPECT_TRUE(mentions(findings(judged(results), 10000), "No run has finished"));
}

TEST(Findings, CompareTheBestRunWithTheOthers) {
  const Dataset data = sample_test_set(1000);
  auto runs = judged(sample_results(1000));
  runs[0].predictions = sample_predictions(data, 5);
  runs[1].predictions = sample_predictions(data, 12);
  const Table table = comparison_table(runs);
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0],
            (std::vector<std::string>{"GN and BN+L1", "7 images", "7", "0", "0.0156"}));
  // As one of two comparisons it is corrected; the other one is the same.
  runs.push_back(runs[1]);
  EXPECT_EQ(comparison_table(runs).rows[1].back(), "0.0312");
  runs.pop_back();
  runs[1].predictions.reset();
  EXPECT_TRUE(comparison_table(runs).rows.empty());
}

TEST(RecipeTable, NamesRunsWhereTheyDiffer) {
  const Experiment experiment = parse_experiment(
      "name = \"t\"\ndata.name = \"mnist\"\ntrain.epochs = 3\n"
      "[[run]]\nname = \"A\"\nnorm.kind = \"layer\"\n"
      "[[run]]\nname = \"B\"\nnorm.kind = \"batch\"\nl1.lambda = 0.009\n"
      "[[run]]\nname = \"C\"\nnorm.kind = \"layer\"\n"
      "augment.brightness = 0.2\naugment.contrast = 0\naugment.shift = 1.5\naugment.scale = 0.25\n",
      "t.toml");
  const Table table = recipe_table(experiment);
  const auto how = [&](const std::string& what) {
    for (const auto& row : table.rows) {
      if (row[0] == what) return row[1];
    }
    return std::string("absent");
  };
  EXPECT_EQ(how("Data"), "mnist");
  EXPECT_EQ(how("Normalization"), "A, C: Layer, eps 1e-05; B: Batch, eps 1e-05, momentum 0.1");
  EXPECT_EQ(how("L1 penalty"),
            "A, C: none; B: 0.009 times the sum of absolute values of all parameters");
  EXPECT_NE(how("Training").find("3 epochs"), std::string::npos);
  EXPECT_EQ(how("Augmentation"),
            "A, B: brightness and contrast up to 10 % up or down, rotation up to 7 degrees; "
            "C: brightness up to 20 % up or down, rotation up to 7 degrees, shift up to 1.5 "
            "pixels, size up to 25 % up or down");
}

}  // namespace
}  // namespace normlab
