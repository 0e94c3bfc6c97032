// normlab verify: what it finds, what it lets pass, and that it only reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/program.h"
#include "cli/workplace.h"
#include "normlab/base/file.h"
#include "normlab/kernels/simd.h"

namespace normlab {
namespace {

// Two runs of three epochs, in "out".
class Verify : public testing::Test {
 protected:
  Verify() {
    const Outcome outcome = place_.run(place_.run_arguments("out"));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }

  Outcome verify(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"verify", "out", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return place_.run(arguments);
  }

  void replace(const std::string& file, const std::string& what, const std::string& by) const {
    std::string text = place_.read(file);
    const auto at = text.find(what);
    ASSERT_NE(at, std::string::npos) << file << ": " << what;
    place_.write(file, text.replace(at, what.size(), by));
  }

  // Changes a digit of the field `column` of row `row` (the head is row 0): the third character,
  // since a change of the last of 17 digits can be the same number.
  void change_field(const std::string& file, int row, int column) const {
    std::string text = place_.read(file);
    std::size_t at = 0;
    for (int i = 0; i < row; ++i) at = text.find('\n', at) + 1;
    for (int i = 0; i < column; ++i) at = text.find(',', at) + 1;
    text[at + 2] = text[at + 2] == '7' ? '3' : '7';
    place_.write(file, text);
  }

  // The lines of `run` in the output: its verdict and the differences under it.
  static std::string lines_of(const std::string& run, const std::string& out) {
    const auto begin = ("\n" + out).find("\n" + run + " ");
    if (begin == std::string::npos) return "";
    auto end = out.find('\n', begin);
    while (out.compare(end + 1, 2, "  ") == 0) end = out.find('\n', end + 1);
    return out.substr(begin, end - begin);
  }

  static void expect_part(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text << "\ndoes not say: " << part;
  }

  // BN+L1 is as it was, GN is not, and `part` is said of it.
  static void expect_found(const Outcome& outcome, const std::string& part) {
    EXPECT_EQ(outcome.exit_code, 1) << outcome.out << outcome.err;
    expect_part(outcome.err, "normlab: out: not the same bits in 1 of 2 runs: GN\n");
    const std::string lines = lines_of("GN", outcome.out);
    expect_part(lines, "not the same bits");
    expect_part(lines, part);
    expect_part(lines_of("BN+L1", outcome.out), "the same bits: 3 epochs");
    // The environment is the same, and the user is told what that means.
    expect_part(outcome.out, "files were changed");
  }

  std::map<std::string, std::string> bytes_and_times() const {
    std::map<std::string, std::string> state;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place_ / "out")) {
      const auto time = entry.last_write_time().time_since_epoch().count();
      state[entry.path()] =
          std::to_string(time) +
          (entry.is_regular_file() ? read_text_file(entry.path()) : std::string());
    }
    return state;
  }

  Workplace place_;
};

TEST_F(Verify, AnUntouchedExperimentHasTheSameBitsAndIsOnlyRead) {
  const auto before = bytes_and_times();
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const std::string run : {"GN", "BN+L1"}) {
    expect_part(lines_of(run, outcome.out),
                "the same bits: 3 epochs, model.safetensors, predictions.csv");
  }
  expect_part(outcome.out, "\nout: the same bits\n");
  EXPECT_TRUE(bytes_and_times() == before) << "something in the folder was changed";
  EXPECT_FALSE(place_.has("runs"));
}

TEST_F(Verify, WorksWhereNothingCanBeWritten) {
  std::filesystem::permissions(place_ / "out/.lock", std::filesystem::perms::owner_read);
  std::filesystem::permissions(
      place_ / "out", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const Outcome outcome = verify();
  std::filesystem::permissions(place_ / "out", std::filesystem::perms::owner_all);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
}

TEST_F(Verify, OtherThreadsChangeNothing) {
  const Outcome outcome = verify({"--threads", "3"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
}

TEST_F(Verify, NamesEpochAndParameterWhereADigestParts) {
  change_field("out/GN/digests.csv", 2, 4);  // epoch 2, the fourth array
  expect_found(verify(), "\n  epoch 2: second.weight differs");
}

TEST_F(Verify, NamesEpochAndColumnWhereAHistoryParts) {
  change_field("out/GN/history.csv", 2, 5);
  expect_found(verify(), "\n  epoch 2: test_loss is ");
}

TEST_F(Verify, TimesMayDiffer) {
  change_field("out/GN/history.csv", 2, 8);
  EXPECT_EQ(verify().exit_code, 0);
}

TEST_F(Verify, NamesTheArrayOfAModelThatWasChanged) {
  std::string bytes = place_.read("out/GN/model.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  place_.write("out/GN/model.safetensors", bytes);
  expect_found(verify(), "\n  model.safetensors: head.bias differs");
}

TEST_F(Verify, NamesTheMetadataOfAModelThatWereChanged) {
  replace("out/GN/model.safetensors", "[0.", "[1.");
  const Outcome outcome = verify();
  expect_found(outcome, "\n  model.safetensors: normlab.");
  expect_part(outcome.out, " in its metadata differs");
}

TEST_F(Verify, NamesTheLineOfPredictionsThatWereChanged) {
  change_field("out/GN/predictions.csv", 8, 3);
  expect_found(verify(), "\n  predictions.csv: line 9 differs");
}

TEST_F(Verify, AFileThatIsMissingOrDamagedIsADifference) {
  std::filesystem::remove(place_ / "out/GN/predictions.csv");
  expect_found(verify(), "predictions.csv: cannot be opened");
  place_.write("out/GN/model.safetensors", "torn");
  expect_found(verify(), "model.safetensors: ");
  place_.write("out/GN/digests.csv", "epoch,first.weight\n1,xyz\n");
  expect_found(verify(), "\"xyz\" is no digest");
}

TEST_F(Verify, AnotherSeedPartsInTheFirstEpoch) {
  replace("out/experiment.toml", "seed = 1", "seed = 2");
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
  for (const std::string run : {"GN", "BN+L1"}) {
    expect_part(lines_of(run, outcome.out), "seed is 1 in results.json and 2 by experiment.toml");
    expect_part(lines_of(run, outcome.out), "\n  epoch 1: ");
    EXPECT_EQ(lines_of(run, outcome.out).find("epoch 2"), std::string::npos) << outcome.out;
  }
}

TEST_F(Verify, ResultsThatWereChangedAreFound) {
  auto results = nlohmann::ordered_json::parse(place_.read("out/results.json"));
  results["runs"][0]["epochs"][1]["test_correct"] = 96;
  place_.write("out/results.json", results.dump(1));
  const Outcome outcome = verify();
  expect_found(outcome, "\n  epoch 2: test_correct is 96 in results.json and ");
  expect_part(outcome.out, "results.csv is not the table of results.json: line 3 differs");
}

// By its arm a run is compared with others.
TEST_F(Verify, AnArmThatWasChangedIsFound) {
  auto results = nlohmann::ordered_json::parse(place_.read("out/results.json"));
  results["runs"][0]["arm"] = "LN";
  place_.write("out/results.json", results.dump(1));
  expect_found(verify(), "arm is LN in results.json and GN by experiment.toml");
}

TEST_F(Verify, OtherDataAreNamedBeforeAnythingIsTrained) {
  std::string images = place_.read("data/train-images-idx3-ubyte");
  images.back() = static_cast<char>(images.back() ^ 1);
  place_.write("data/train-images-idx3-ubyte", images);
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.exit_code, 1);
  expect_part(outcome.err, "made from other data: the train images of ");
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Verify, AnotherInstructionSetIsNamedAsTheReason) {
  std::string other;
  for (const std::string& name : available_instruction_sets()) {
    use_instruction_set(name);
    if (!has_fused_multiply_add()) other = name;
  }
  use_instruction_set("");
  if (other.empty() || !has_fused_multiply_add()) GTEST_SKIP() << "this machine has one kind only";
  const Outcome outcome = verify({"--simd", other});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
  expect_part(outcome.out, "\n  epoch 1: ");
  expect_part(outcome.out,
              "\n  instruction_set: " + instruction_set() + " there, " + other + " here\n");
  expect_part(outcome.out, "\n  fused_multiply_add: true there, false here\n");
}

TEST_F(Verify, WhatWasStoppedIsComparedAsFarAsItWent) {
  Workplace place(6000);
  Program program({.arguments = place.run_arguments("out"), .folder = place.path()});
  ASSERT_TRUE(program.wait_for_line(" 2/3 "));
  program.send(SIGKILL);
  ASSERT_EQ(program.finish().signal, SIGKILL) << "it was through before the signal came";
  const Outcome outcome = place.run({"verify", "out", "--quiet"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  const std::string first = lines_of("GN", outcome.out);
  expect_part(first, "the same bits: ");
  expect_part(lines_of("BN+L1", outcome.out), "not begun, nothing to compare");
}

TEST_F(Verify, WhatFailedMustFailAgain) {
  place_.write("tiny-experiment.toml", place_.read("tiny-experiment.toml") + R"([[run]]
name = "wild"
norm.kind = "none"
schedule.learning_rate = 1e20
)");
  ASSERT_EQ(place_.run(place_.run_arguments("wild")).exit_code, 1);
  const Outcome same = place_.run({"verify", "wild", "--quiet"});
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  expect_part(lines_of("wild", same.out), "fails in epoch 1 as it did there");

  auto results = nlohmann::ordered_json::parse(place_.read("wild/results.json"));
  results["runs"][2]["message"] = "it was the weather";
  place_.write("wild/results.json", results.dump(1));
  const Outcome other = place_.run({"verify", "wild", "--quiet"});
  EXPECT_EQ(other.exit_code, 1);
  expect_part(lines_of("wild", other.out), "fails with another message here: the loss");
}

TEST_F(Verify, NothingToCompareIsNoSuccess) {
  const Outcome nowhere = place_.run({"verify", "nowhere"});
  EXPECT_EQ(nowhere.exit_code, 1);
  expect_part(nowhere.err, "nowhere: no run of normlab is there");
  auto results = nlohmann::ordered_json::parse(place_.read("out/results.json"));
  for (auto& run : results["runs"]) {
    run["status"] = "interrupted";
    run["epochs"] = nlohmann::json::array();
  }
  place_.write("out/results.json", results.dump(1));
  for (const std::string run : {"GN", "BN+L1"}) std::filesystem::remove_all(place_ / "out" / run);
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
  expect_part(outcome.err, "no epoch of it is done, there is nothing to compare");
}

}  // namespace
}  // namespace normlab
