#include "normlab/experiment/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "expect_error.h"
#include "normlab/base/file.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

ExperimentResults sample() {
  EpochRecord first{1, 0.01, 0.5, 85.67, 0.75, 0.105, 97.15, 9715, 2.25, 30000};
  EpochRecord second{2, 0.001, 0.25, 96.5, 0.5, 1.0 / 3, 98.09, 9809, 2.5, 31000.5};
  ExperimentResults results;
  results.experiment = "classic \"three\"";
  RunResult group{"GN",
                  "GN",
                  {NormKind::kGroup, 4, 1e-5f, 0.1f, true},
                  0.0f,
                  1,
                  7832,
                  RunStatus::kFinished,
                  "",
                  "GN",
                  {first, second}};
  RunResult batch{"BN, L1",
                  "BN",
                  {NormKind::kBatch, 4, 1e-5f, 0.1f, false},
                  0.009f,
                  std::numeric_limits<std::uint64_t>::max(),
                  7832,
                  RunStatus::kFailed,
                  "epoch 1, batch 3: the loss is nan",
                  "BN-L1",
                  {}};
  results.runs = {group, batch};
  results.environment = R"({"threads": 2, "flags": "-O3"})";
  return results;
}

void expect_equal(const EpochRecord& a, const EpochRecord& b) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.learning_rate, b.learning_rate);
  EXPECT_EQ(a.train_loss, b.train_loss);
  EXPECT_EQ(a.train_accuracy, b.train_accuracy);
  EXPECT_EQ(a.train_objective, b.train_objective);
  EXPECT_EQ(a.test_loss, b.test_loss);
  EXPECT_EQ(a.test_accuracy, b.test_accuracy);
  EXPECT_EQ(a.test_correct, b.test_correct);
  EXPECT_EQ(a.seconds, b.seconds);
  EXPECT_EQ(a.images_per_second, b.images_per_second);
}

TEST(Results, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  const ExperimentResults written = sample();
  write_results(folder / "results.json", written);
  const ExperimentResults read = read_results(folder / "results.json");
  EXPECT_EQ(read.experiment, written.experiment);
  EXPECT_NE(read.environment.find("\"threads\": 2"), std::string::npos);
  ASSERT_EQ(read.runs.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const RunResult& a = read.runs[i];
    const RunResult& b = written.runs[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.arm, b.arm);
    EXPECT_EQ(a.norm.kind, b.norm.kind);
    EXPECT_EQ(a.norm.groups, b.norm.groups);
    EXPECT_EQ(norm_eps(a.norm), norm_eps(b.norm));
    EXPECT_EQ(a.norm.momentum, b.norm.momentum);
    EXPECT_EQ(a.norm.affine, b.norm.affine);
    EXPECT_EQ(a.l1, b.l1);
    EXPECT_EQ(a.seed, b.seed);
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_EQ(a.status, b.status);
    EXPECT_EQ(a.message, b.message);
    EXPECT_EQ(a.folder, b.folder);
    ASSERT_EQ(a.epochs.size(), b.epochs.size());
    for (std::size_t e = 0; e < a.epochs.size(); ++e) expect_equal(a.epochs[e], b.epochs[e]);
  }
}

TEST(Results, StatisticsArePassedOn) {
  const TemporaryFolder folder;
  ExperimentResults results = sample();
  write_results(folder / "results.json", results);
  EXPECT_EQ(read_results(folder / "results.json").statistics, "");
  results.statistics = R"({"pairs": []})";
  write_results(folder / "results.json", results);
  EXPECT_NE(read_results(folder / "results.json").statistics.find("\"pairs\": []"),
            std::string::npos);
  results.statistics = "[]";
  expect_error([&] { write_results(folder / "results.json", results); }, {"statistics"});
}

TEST(Results, FloatsAreWrittenAsPeopleWriteThem) {
  const TemporaryFolder folder;
  write_results(folder / "results.json", sample());
  const std::string text = read_text_file(folder / "results.json");
  EXPECT_NE(text.find("\"l1\": 0.009,"), std::string::npos);
  EXPECT_NE(text.find("\"eps\": 1e-05,"), std::string::npos);
  EXPECT_NE(text.find("\"momentum\": 0.1,"), std::string::npos);
}

TEST(Results, WhatIsNotFiniteIsNull) {
  const TemporaryFolder folder;
  ExperimentResults results = sample();
  results.runs[0].epochs[0].test_loss = std::numeric_limits<double>::infinity();
  results.runs[0].epochs[1].test_loss = std::numeric_limits<double>::quiet_NaN();
  write_results(folder / "results.json", results);
  const History epochs = read_results(folder / "results.json").runs[0].epochs;
  EXPECT_TRUE(std::isnan(epochs[0].test_loss));
  EXPECT_TRUE(std::isnan(epochs[1].test_loss));
}

TEST(Results, EveryPrefixIsRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "results.json";
  write_results(path, sample());
  const std::string text = read_text_file(path);
  const std::size_t last = text.find_last_of('}');
  for (std::size_t length = 0; length <= last; length += 29) {
    write_file_atomically(path, std::string_view(text).substr(0, length));
    expect_error([&] { read_results(path); }, {"results.json", "damaged"});
  }
}

// As deep as no stack goes.
TEST(Results, EndlessNestingIsRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "results.json";
  write_results(path, sample());
  std::string deep;
  for (int i = 0; i < 200000; ++i) deep += "{\"a\":";
  deep += "1" + std::string(200000, '}');
  std::string text = read_text_file(path);
  text.insert(text.find("\"environment\": {") + 16, "\"x\": " + deep + ",");
  write_file_atomically(path, text);
  expect_error([&] { read_results(path); }, {"results.json", "nested more than 200 deep"});
}

TEST(Results, SaysWhatIsWrongAndWhere) {
  const TemporaryFolder folder;
  const auto path = folder / "results.json";
  write_results(path, sample());
  const std::string text = read_text_file(path);
  const auto changed = [&](const std::string& from, const std::string& to,
                           const std::string& message) {
    std::string other = text;
    const std::size_t at = other.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file_atomically(path, other.replace(at, from.size(), to));
    expect_error([&] { read_results(path); }, {"results.json", message});
  };
  changed("\"runs\"", "\"rums\"", "\"runs\" is missing");
  changed("\"seed\": 1,", "\"seed\": \"1\",", "\"runs[0].seed\" is not a whole number");
  changed("\"epoch\": 2,", "\"epoch\": -2,", "\"runs[0].epochs[1].epoch\" is not a whole");
  changed("\"epoch\": 2,", "\"epoch\": 4294967297,", "\"runs[0].epochs[1].epoch\"");
  changed("\"test_loss\"", "\"loss\"", "\"runs[0].epochs[0].test_loss\" is missing");
  changed("\"group\"", "\"grup\"", "unknown norm \"grup\"");
  changed("\"failed\"", "\"lost\"", "\"lost\" is no status");
  changed("\"folder\": \"GN\"", "\"folder\": \"../GN\"", "\"runs[0].folder\" is not a plain name");
  changed("\"folder\": \"GN\"", "\"folder\": \"..\"", "\"runs[0].folder\" is not a plain name");
  changed("\"folder\": \"GN\"", "\"folder\": \"\"", "\"runs[0].folder\" is not a plain name");
  changed("\"affine\": true", "\"affine\": 1", "runs[0].norm: is no description of a norm");
  write_file_atomically(path, "[]");
  expect_error([&] { read_results(path); }, {"results.json", "is not an object"});
  ExperimentResults results = sample();
  results.environment = "{";
  expect_error([&] { write_results(path, results); }, {"environment"});
}

TEST(Results, CsvHasARowPerRunAndEpoch) {
  const TemporaryFolder folder;
  write_results_csv(folder / "results.csv", sample());
  EXPECT_EQ(read_text_file(folder / "results.csv"),
            "run,arm,norm,groups,l1,seed,parameters,status,epoch,learning_rate,train_loss,"
            "train_accuracy,train_objective,test_loss,test_accuracy,test_correct,seconds,"
            "images_per_second\n"
            "GN,GN,group,4,0,1,7832,finished,1,0.01,0.5,85.67,0.75,0.105,97.15,9715,2.25,30000\n"
            "GN,GN,group,4,0,1,7832,finished,2,0.001,0.25,96.5,0.5,0.3333333333333333,98.09,9809,"
            "2.5,31000.5\n");
  write_file_atomically(folder / "history.csv", history_csv(sample().runs[0].epochs));
  EXPECT_EQ(read_text_file(folder / "history.csv"),
            "epoch,learning_rate,train_loss,train_accuracy,train_objective,test_loss,"
            "test_accuracy,test_correct,seconds,images_per_second\n"
            "1,0.01,0.5,85.67,0.75,0.105,97.15,9715,2.25,30000\n"
            "2,0.001,0.25,96.5,0.5,0.3333333333333333,98.09,9809,2.5,31000.5\n");
}

}  // namespace
}  // namespace normlab
