// normlab compare, as it is typed.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/workplace.h"

namespace normlab {
namespace {

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text << "\ndoes not say: " << part;
}

class CompareCommand : public testing::Test {
 protected:
  CompareCommand() {
    const Outcome outcome = place_.run(place_.run_arguments("out", {"--quiet"}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }

  Workplace place_;
};

TEST_F(CompareCommand, ComparesTheRunsOfAnExperimentAndWritesJson) {
  const Outcome outcome = place_.run({"compare", "out", "--json", "compared.json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const std::string part : {"95 % of mean", "NLL", "P(A>B)", "exact McNemar test, p ",
                                 "GN, BN+L1 have fewer than 5 seeds", "these 96 test images"}) {
    expect_part(outcome.out, part);
  }
  const auto json = nlohmann::json::parse(place_.read("compared.json"));
  const auto results = nlohmann::json::parse(place_.read("out/results.json"));
  ASSERT_EQ(json.at("arms").size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(json["arms"][i].at("mean"), results["runs"][i]["epochs"].back()["test_accuracy"]);
    EXPECT_NEAR(json["arms"][i]["scores"].at("nll").get<double>(),
                results["runs"][i]["epochs"].back()["test_loss"].get<double>(), 1e-6);
  }
  EXPECT_EQ(json.at("pairs")[0].at("test"), "exact McNemar");
  EXPECT_FALSE(results.contains("statistics"));  // nothing is repeated there
}

TEST_F(CompareCommand, SeedsInSeveralFoldersAreOneArm) {
  const Outcome second = place_.run(place_.run_arguments("again", {"--quiet", "--seed", "2"}));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  const Outcome outcome = place_.run({"compare", "out", "again", "--against", "GN"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  expect_part(outcome.out, "over 2 seeds: fewer than 5 seeds decide nothing");
  expect_part(outcome.out, "2 pairs");
}

TEST_F(CompareCommand, BadInputIsExplained) {
  const auto expect = [&](const Outcome& outcome, int exit_code, const std::string& part) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    expect_part(outcome.err, part);
    EXPECT_LE(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << outcome.err;
  };
  expect(place_.run({"compare"}), 2, "See: normlab compare --help");
  expect(place_.run({"compare", "nowhere"}), 1, "nowhere: no such folder");
  expect(place_.run({"compare", "data"}), 1, "data: no results of normlab are there");
  expect(place_.run({"compare", "out", "--against", "gm"}), 2, "the nearest is GN");
  expect(place_.run({"compare", "out", "--json", "nowhere/compared.json"}), 1, "nowhere");
  EXPECT_FALSE(place_.has("nowhere"));
  for (const std::string seed : {"-1", "99999999999999999999", "one"}) {
    expect(place_.run({"compare", "out", "--seed", seed}), 2, "--seed");
  }
}

TEST_F(CompareCommand, AFileOfWhatIsComparedIsNotWrittenOver) {
  for (const std::string file : {"results.json", "GN/model.safetensors"}) {
    const std::string before = place_.read("out/" + file);
    const Outcome outcome = place_.run({"compare", "out", "--json", "out/../out/" + file});
    EXPECT_EQ(outcome.exit_code, 2);
    expect_part(outcome.err, "is a file of out, which is only read; name another");
    EXPECT_TRUE(place_.read("out/" + file) == before);
  }
  const Outcome device = place_.run({"compare", "out", "--json", "/dev/null"});
  EXPECT_EQ(device.exit_code, 2);
  expect_part(device.err, "/dev/null: is no file");
  // What a comparison wrote another may replace.
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(place_.run({"compare", "out", "--json", "out/compared.json"}).exit_code, 0);
  }
}

}  // namespace
}  // namespace normlab
