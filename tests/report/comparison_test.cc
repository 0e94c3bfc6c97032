// What normlab compare makes of results: which runs it takes for what, and what it says of them.
#include "normlab/report/comparison.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "expect_error.h"
#include "normlab/report/comparison_tables.h"
#include "normlab/statistics/mcnemar.h"
#include "report/comparison_folders.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text << "\ndoes not say: " << part;
}

class Compare : public testing::Test {
 protected:
  // Compares what one folder holds.
  Comparison compare(const std::vector<RunOfArm>& runs, const ComparisonOptions& options = {}) {
    write_experiment(folder_ / "out", results_of(runs));
    return compare_arms(gather_arms({folder_ / "out"}), options);
  }

  TemporaryFolder folder_;
};

TEST_F(Compare, TakesTheLastEpochAndPairsBySeed) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {990, 980, 985, 970, 975, 988});
  append_arm(runs, "LN", {992, 983, 986, 972, 976, 991});  // 2, 3, 1, 2, 1, 3 images more
  const Comparison comparison = compare(runs);
  ASSERT_EQ(comparison.statistics.size(), 2u);
  EXPECT_EQ(comparison.arms.test_images, kComparedImages);
  EXPECT_EQ(comparison.statistics[0].accuracy.n, 6);
  EXPECT_NEAR(comparison.statistics[0].accuracy.mean, 98.1333, 1e-4);
  // sqrt(0.981333 * 0.018667 / 1000)
  EXPECT_NEAR(comparison.statistics[0].floor.value(), 0.4280, 1e-4);
  ASSERT_EQ(comparison.pairs.size(), 1u);
  const PairStatistics& pair = comparison.pairs[0];
  EXPECT_TRUE(pair.is_paired);
  EXPECT_EQ(pair.first, 1u);  // LN
  EXPECT_EQ(pair.first_runs, 6);
  EXPECT_NEAR(pair.difference.mean, 0.2, 1e-12);
  EXPECT_NEAR(pair.p_value, 2.0 / 64, 1e-12);
  EXPECT_EQ(pair.holm, pair.p_value);
  EXPECT_EQ(pair.improvement.probability, 1);
  // d_z = 2 / sqrt(4 / 5); t of 5 degrees at 97.5 % is 2.5706.
  EXPECT_NEAR(pair.effect.value(), 2.2361, 1e-4);
  EXPECT_NEAR(pair.difference.reach().value(), 0.0939, 1e-4);
  EXPECT_EQ(pair.verdict,
            "LN beats GN by 0.20 ± 0.09 points over 6 seeds: the difference is real (p = 0.0312)");
}

TEST_F(Compare, OrderOfTheRunsDoesNotMatter) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {990, 980, 985, 970, 975, 988});
  append_arm(runs, "LN", {992, 983, 986, 972, 976, 991});
  const Comparison there = compare(runs);
  std::swap(runs[0], runs[4]);
  std::swap(runs[7], runs[11]);
  const Comparison here = compare(runs);
  EXPECT_EQ(comparison_text(there), comparison_text(here));
}

TEST_F(Compare, NoEvidenceNamesTheSeedsThatWouldBeNeeded) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {990, 984, 987, 982, 989, 986, 988, 985});
  append_arm(runs, "LN", {987, 989, 986, 988, 984, 990, 985, 990});
  const Comparison comparison = compare(runs);
  const PairStatistics& pair = comparison.pairs[0];
  EXPECT_GT(pair.p_value, 0.3);
  // Differences of -3 5 -1 6 -5 4 -3 5 images: mean 1, sd 4.44; n of d_z = 0.225 is (2.8 / d_z)^2
  // + 2.
  EXPECT_NEAR(pair.difference.mean, 0.1, 1e-12);
  ASSERT_TRUE(pair.seeds_needed);
  EXPECT_NEAR(*pair.seeds_needed, 157, 2);
  EXPECT_EQ(pair.verdict,
            fmt::format("LN beats GN by 0.10 ± 0.37 points over 8 seeds: no evidence of a "
                        "difference; {} seeds would be needed to see 0.10",
                        *pair.seeds_needed));
}

TEST_F(Compare, BelowFiveSeedsNothingIsDecided) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {900, 901, 900, 902});
  append_arm(runs, "LN", {990, 991, 991, 990});
  const Comparison comparison = compare(runs);
  EXPECT_EQ(comparison.pairs[0].verdict.find("real"), std::string::npos);
  expect_part(comparison.pairs[0].verdict, "over 4 seeds: fewer than 5 seeds decide nothing");
  expect_part(comparison_text(comparison), "GN, LN have fewer than 5 seeds");
}

TEST_F(Compare, FiveSeedsSayThatTheyCannotShowIt) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {900, 901, 900, 902, 903});
  append_arm(runs, "LN", {990, 991, 991, 990, 990});
  const PairStatistics pair = compare(runs).pairs[0];
  expect_part(pair.verdict, "no evidence of a difference; with 5 seeds none could be seen");
  expect_part(pair.verdict, "p cannot be below 0.0625; 6 seeds would be needed");
}

// 14 arms have 91 comparisons, and the effect of equal differences is as large as rounding makes
// it.
TEST_F(Compare, DifferencesThatAreEqualUpToRoundingHaveNoEffectSize) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {900, 904, 907, 911, 917, 923});
  append_arm(runs, "LN", {906, 910, 913, 917, 923, 929});
  const PairStatistics pair = compare(runs).pairs[0];
  EXPECT_NEAR(pair.difference.mean, 0.6, 1e-12);
  EXPECT_FALSE(pair.effect);
  EXPECT_FALSE(pair.seeds_needed);
  EXPECT_EQ(pair.verdict,
            "LN beats GN by 0.60 ± 0 points over 6 seeds: the difference is real (p = 0.0312)");
}

TEST_F(Compare, TwoSamplesNeedAsManySeedsAsTheirTestCanUse) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {901, 902});
  append_arm(runs, "LN", {993, 994}, 3);
  const PairStatistics pair = compare(runs).pairs[0];
  EXPECT_FALSE(pair.is_paired);
  EXPECT_EQ(pair.seeds_needed, 4);  // with 3 and 3 the smallest p is 2 / 20
}

// 83 arms have 3,403 comparisons, more than 5 % of the permutations that are drawn.
TEST_F(Compare, AmongTooManyComparisonsNoNumberOfSeedsIsPromised) {
  std::vector<RunOfArm> runs;
  for (int arm = 0; arm < 83; ++arm) {
    append_arm(runs, fmt::format("A{}", arm), {arm, arm + 1, arm, arm + 2, arm + 1});
  }
  const Comparison comparison = compare(runs);
  ASSERT_EQ(comparison.pairs.size(), 3403u);
  const PairStatistics& pair = comparison.pairs.back();
  EXPECT_FALSE(pair.seeds_needed);
  expect_part(
      pair.verdict,
      "among 3,403 comparisons no number of seeds could show one: compare fewer arms, or all "
      "with one (--against)");
}

TEST_F(Compare, HolmCorrectsForAllPairsAndAgainstLessensThem) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {990, 980, 985, 970, 975, 988, 981});
  append_arm(runs, "LN", {992, 983, 986, 972, 976, 991, 983});
  append_arm(runs, "BN", {992, 983, 986, 972, 977, 991, 982});
  const Comparison all = compare(runs);
  ASSERT_EQ(all.pairs.size(), 3u);
  EXPECT_NEAR(all.pairs[0].p_value, 2.0 / 128, 1e-12);  // LN and GN
  EXPECT_NEAR(all.pairs[0].holm, 6.0 / 128, 1e-12);
  expect_part(all.pairs[0].verdict, "real (p = 0.0469 after Holm's correction)");
  const Comparison two = compare(runs, {.seed = 1, .against = "GN"});
  ASSERT_EQ(two.pairs.size(), 2u);
  EXPECT_NEAR(two.pairs[0].holm, 4.0 / 128, 1e-12);
  for (const PairStatistics& pair : two.pairs) EXPECT_EQ(pair.second, 0u);
  expect_error<UsageError>([&] { compare(runs, {.seed = 1, .against = "gM"}); },
                           {"--against gM", "the nearest is GN"});
}

TEST_F(Compare, ArmsWithOtherSeedsAreTwoSamples) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {990, 980, 985, 970, 975, 988}, 1);
  append_arm(runs, "LN", {980, 970, 982, 972, 976}, 100);
  const PairStatistics pair = compare(runs).pairs[0];
  EXPECT_FALSE(pair.is_paired);
  EXPECT_EQ(pair.test, PairTest::kLabels);
  EXPECT_EQ(pair.first_runs, 6);
  EXPECT_EQ(pair.second_runs, 5);
  EXPECT_EQ(pair.permutation.arrangements, 462);  // 11 choose 5
  expect_part(pair.verdict, "over 6 and 5 seeds");
}

TEST_F(Compare, SeedsThatOneArmLacksAreNotCompared) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {990, 980, 985, 970, 975, 988}, 1);
  append_arm(runs, "LN", {981, 986, 972, 976, 990, 900}, 2);  // seeds 2 to 7
  const Comparison comparison = compare(runs);
  const PairStatistics& pair = comparison.pairs[0];
  EXPECT_TRUE(pair.is_paired);
  EXPECT_EQ(pair.first_runs, 5);
  EXPECT_EQ(pair.first, 1u);  // LN wins all five pairs, though its mean over all seeds is the lower
  EXPECT_NEAR(pair.difference.mean, 0.14, 1e-12);
}

TEST_F(Compare, EqualArmsHaveTheSameMean) {
  std::vector<RunOfArm> runs;
  for (const std::string arm : {"GN", "LN"}) append_arm(runs, arm, {990, 990, 990, 990, 990, 990});
  const Comparison comparison = compare(runs);
  EXPECT_EQ(comparison.statistics[0].accuracy.standard_deviation, 0);
  EXPECT_EQ(comparison.pairs[0].p_value, 1);
  EXPECT_FALSE(comparison.pairs[0].effect);
  EXPECT_FALSE(comparison.pairs[0].seeds_needed);
  EXPECT_EQ(comparison.pairs[0].verdict,
            "GN and LN have the same mean over 6 seeds: no evidence of a difference");
}

TEST_F(Compare, WhatDidNotFinishIsLeftOutAndNamed) {
  std::vector<RunOfArm> runs;
  append_arm(runs, "GN", {990, 980});
  runs.push_back({"GN", 3, 100, RunStatus::kFailed});
  runs.push_back({"GN", 4, 100, RunStatus::kInterrupted});
  ExperimentResults results = results_of(runs);
  results.runs[2].message = "epoch 1, batch 3: the loss is nan";
  results.runs[1].epochs.back().test_accuracy = std::nan("");
  write_experiment(folder_ / "out", results);
  const Comparison comparison = compare_arms(gather_arms({folder_ / "out"}));
  EXPECT_EQ(comparison.statistics[0].accuracy.n, 1);
  const std::string lines = left_out_lines(comparison);
  expect_part(lines, "GN-2: it has no accuracy\n");
  expect_part(lines, "GN-3: failed: epoch 1, batch 3: the loss is nan\n");
  expect_part(lines, "GN-4: interrupted\n");
  EXPECT_EQ(lines.find("more:"), std::string::npos);
  // Of many with one reason three are named.
  for (int seed = 5; seed <= 8; ++seed) {
    results.runs.push_back(results.runs[3]);
    results.runs.back().seed = static_cast<std::uint64_t>(seed);
    results.runs.back().folder = results.runs.back().name = fmt::format("GN-{}", seed);
  }
  write_experiment(folder_ / "out", results);
  const std::string many = left_out_lines(compare_arms(gather_arms({folder_ / "out"})));
  expect_part(many, "GN-6: interrupted\nand 2 more: interrupted\n");
  expect_part(many, "GN-3: failed");
  for (RunResult& run : results.runs) run.status = RunStatus::kInterrupted;
  write_experiment(folder_ / "out", results);
  expect_error([&] { gather_arms({folder_ / "out"}); },
               {"no run has finished, there is nothing to compare", "GN-1: interrupted"});
}

TEST_F(Compare, TwoSingleRunsAreComparedImageByImage) {
  const std::vector<RunOfArm> runs = {{"GN", 1, 980}, {"LN", 1, 990}};
  for (const RunOfArm& run : runs) {
    write_predictions_of(folder_ / "out" / (run.arm + "-1"), run.right);
  }
  const Comparison comparison = compare(runs);
  const PairStatistics& pair = comparison.pairs[0];
  EXPECT_EQ(pair.test, PairTest::kMcNemar);
  EXPECT_EQ(pair.mcnemar.value().only_first, 10);
  EXPECT_EQ(pair.mcnemar.value().only_second, 0);
  EXPECT_NEAR(pair.p_value, 2.0 / 1024, 1e-12);
  expect_part(pair.verdict, "LN beats GN by 1.00 points (10 images that only it gets right, 0");
  expect_part(comparison_text(comparison), "decide nothing about the arms");
  const ScoreMeans& scores = comparison.statistics[1].scores.value();
  EXPECT_NEAR(scores.negative_log_likelihood, -0.99 * std::log(0.91) - 0.01 * std::log(0.01), 1e-6);
  EXPECT_NEAR(scores.calibration_error, 99 - 91, 1e-5);
  EXPECT_NEAR(scores.class_accuracy.at(3), 99, 1e-12);
}

TEST_F(Compare, PredictionsThatAreNotOfTheLastEpochAreLeftOut) {
  write_predictions_of(folder_ / "out/GN-1", 985);
  write_predictions_of(folder_ / "out/LN-1", 990);
  const Comparison comparison = compare({{"GN", 1, 980}, {"LN", 1, 990}});
  expect_part(left_out_lines(comparison), "GN-1/predictions.csv: it is not of the last epoch");
  EXPECT_FALSE(comparison.statistics[0].scores);
  EXPECT_TRUE(comparison.statistics[1].scores);
  EXPECT_FALSE(comparison.pairs[0].mcnemar);
  write_file_atomically(folder_ / "out/GN-1/predictions.csv", "index\n");
  expect_part(left_out_lines(compare({{"GN", 1, 980}})), "it is no file of predictions");
}

TEST_F(Compare, AFolderOfOneRunIsThatRun) {
  write_experiment(folder_ / "out", results_of({{"GN", 1, 980}, {"GN", 2, 985}, {"LN", 1, 990}}));
  write_predictions_of(folder_ / "out/GN-2", 985);
  write_predictions_of(folder_ / "out/LN-1", 990);
  const ArmSet set = gather_arms({folder_ / "out/GN-2/", folder_ / "out/LN-1"});
  ASSERT_EQ(set.arms.size(), 2u);
  ASSERT_EQ(set.arms[0].runs.size(), 1u);
  EXPECT_EQ(set.arms[0].runs[0].seed, 2u);
  EXPECT_EQ(set.arms[1].name, "LN");
}

TEST_F(Compare, ArmsOfOneNameInTwoFoldersAreToldApart) {
  write_experiment(folder_ / "wide", results_of({{"GN", 1, 980}, {"LN", 1, 970}}));
  write_experiment(folder_ / "narrow", results_of({{"GN", 1, 985}}));
  const ArmSet set = gather_arms({folder_ / "wide", folder_ / "narrow"});
  ASSERT_EQ(set.arms.size(), 3u);
  EXPECT_EQ(set.arms[0].name, "GN (" + (folder_ / "wide").string() + ")");
  EXPECT_EQ(set.arms[1].name, "LN");
  EXPECT_EQ(set.arms[2].name, "GN (" + (folder_ / "narrow").string() + ")");
}

TEST_F(Compare, FoldersWhoseExperimentsDifferInTheSeedAloneAreOneArm) {
  for (const int seed : {1, 2}) {
    const auto out = folder_ / fmt::format("out{}", seed);
    ExperimentResults results = results_of({{"GN", static_cast<std::uint64_t>(seed), 980}});
    results.runs[0].name = "GN";
    results.environment = R"({"data_sha256": {"mnist": {"test images": "aa"}}})";
    write_experiment(out, results);
    write_file_atomically(out / "experiment.toml",
                          fmt::format("[[run]]\nname = \"GN\"\nnorm.kind = \"group\"\n"
                                      "train.seed = {}\n",
                                      seed));
  }
  const std::vector<std::filesystem::path> both = {folder_ / "out1", folder_ / "out2"};
  ArmSet set = gather_arms(both);
  ASSERT_EQ(set.arms.size(), 1u);
  EXPECT_EQ(set.arms[0].name, "GN");
  ASSERT_EQ(set.arms[0].runs.size(), 2u);
  EXPECT_EQ(set.arms[0].runs[1].seed, 2u);
  // Another setting, another arm.
  write_file_atomically(folder_ / "out2/experiment.toml",
                        "[[run]]\nname = \"GN\"\nnorm.kind = \"group\"\ntrain.epochs = 3\n");
  EXPECT_EQ(gather_arms(both).arms.size(), 2u);
  // The same seed again is no second measurement.
  std::filesystem::copy(folder_ / "out1", folder_ / "out3",
                        std::filesystem::copy_options::recursive);
  set = gather_arms({folder_ / "out1", folder_ / "out3"});
  ASSERT_EQ(set.arms.size(), 1u);
  EXPECT_EQ(set.arms[0].runs.size(), 1u);
  ASSERT_EQ(set.left_out.size(), 1u);
  expect_part(set.left_out[0].reason, "the same settings and the same seed");
  // A folder that is named twice is not even that.
  EXPECT_TRUE(gather_arms({folder_ / "out1", folder_ / "out1"}).left_out.empty());
}

TEST_F(Compare, OtherDataAreRefused) {
  write_experiment(folder_ / "digits", results_of({{"GN", 1, 980}}));
  ExperimentResults others = results_of({{"GN", 1, 980}});
  others.environment = R"({"data_sha256": {"shoes": {"test images": "cc", "test labels": "dd"}}})";
  write_experiment(folder_ / "shoes", others);
  expect_error(
      [&] {
        gather_arms({folder_ / "digits", folder_ / "shoes"});
      },
      {"results of different data cannot be compared", "digits/GN-1", "shoes/GN-1"});
  others.environment = "{}";
  for (EpochRecord& record : others.runs[0].epochs) record.test_correct /= 2;
  write_experiment(folder_ / "shoes", others);
  expect_error(
      [&] {
        gather_arms({folder_ / "digits", folder_ / "shoes"});
      },
      {"was tested on 1000 images", "on 500"});
}

TEST_F(Compare, WhatIsNoExperimentIsRefused) {
  expect_error([&] { gather_arms({folder_ / "nowhere"}); }, {"nowhere: no such folder"});
  normlab::create_directories(folder_ / "empty");
  expect_error([&] { gather_arms({folder_ / "empty"}); },
               {"empty: no results of normlab are there"});
  write_experiment(folder_ / "out", results_of({{"GN", 1, 980}}));
  normlab::create_directories(folder_ / "out/other");
  expect_error([&] { gather_arms({folder_ / "out/other"}); }, {"names no run with this folder"});
  write_file_atomically(folder_ / "out/results.json", "{");
  expect_error([&] { gather_arms({folder_ / "out"}); }, {"results.json", "damaged"});
}

}  // namespace
}  // namespace normlab
