// Sweeps through the program, on a tiny data set.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/workplace.h"
#include "normlab/base/random.h"

namespace normlab {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

// 2 runs from 3 seeds each.
const Words kFolders = {"GN-seed-1",    "GN-seed-2",    "GN-seed-3",
                        "BN+L1-seed-1", "BN+L1-seed-2", "BN+L1-seed-3"};

Words sweep_arguments(const Workplace& place, const std::string& out, const Words& more = {}) {
  Words arguments = {"--seeds", "1..3"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return place.run_arguments(out, arguments);
}

Json results(const Workplace& place, const std::string& folder) {
  return Json::parse(place.read(folder + "/results.json"));
}

TEST(SweepRun, HasTheBitsOfRunsOneAfterTheOther) {
  const Workplace place;
  ASSERT_EQ(place.run(sweep_arguments(place, "turn", {"--jobs", "1"})).exit_code, 0);
  const auto expected = run_files(place / "turn", kFolders);
  for (const Words& how : {Words{}, Words{"--jobs", "2"}, Words{"--jobs", "3", "--threads", "6"}}) {
    const std::string out = "at-once-" + std::to_string(how.size());
    const Outcome outcome = place.run(sweep_arguments(place, out, how));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out.find('\033'), std::string::npos) << "piped output has escape codes";
    EXPECT_TRUE(outcome.out.starts_with("6 runs; ")) << outcome.out;
    EXPECT_NE(outcome.out.find("(2 settings measured)"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("6/6  "), std::string::npos) << outcome.out;
    expect_same_files(expected, run_files(place / out, kFolders));
    std::filesystem::remove_all(place / out);
  }
}

TEST(SweepRun, ItsRunsHaveArmsAndVerify) {
  const Workplace place;
  ASSERT_EQ(place.run(sweep_arguments(place, "out")).exit_code, 0);
  const Json json = results(place, "out");
  ASSERT_EQ(json["runs"].size(), 6u);
  EXPECT_EQ(json["runs"][3]["name"], "BN+L1 seed 2");
  EXPECT_EQ(json["runs"][3]["arm"], "BN+L1");
  EXPECT_EQ(json["runs"][3]["seed"], 2);
  EXPECT_EQ(json["runs"][3]["folder"], "BN+L1-seed-2");
  for (const Json& run : json["runs"]) EXPECT_EQ(run["status"], "finished");
  const Outcome verified = place.run({"verify", "out", "--quiet"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  const Outcome again = place.run({"run", "out/experiment.toml", "--no-report", "--out", "again"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  expect_same_files(run_files(place / "out", kFolders), run_files(place / "again", kFolders));
  EXPECT_EQ(place.read("out/experiment.toml"), place.read("again/experiment.toml"));
}

TEST(SweepRun, CtrlCStopsAllRunsAndResumeTrainsWhatIsLeft) {
  const Workplace place(3000);
  ASSERT_EQ(place.run(sweep_arguments(place, "whole")).exit_code, 0);
  Program program(
      {.arguments = sweep_arguments(place, "stopped", {"--jobs", "2"}), .folder = place.path()});
  ASSERT_TRUE(program.wait_for_line("1/6  "));
  program.send(SIGINT);
  const Outcome stopped = program.finish();
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find(" of 6 runs have ended; what is done is kept.\nGo on with: normlab "
                             "run --resume stopped\n"),
            std::string::npos)
      << stopped.err;
  std::set<std::string> finished;
  const Json json = results(place, "stopped");
  for (const Json& run : json["runs"]) {
    if (run["status"] == "finished") finished.insert(run["folder"]);
  }
  ASSERT_GE(finished.size(), 1u);
  ASSERT_LT(finished.size(), 6u) << "it was through before the signal came";
  std::map<std::string, std::filesystem::file_time_type> times;
  for (const std::string& folder : finished) {
    times[folder] =
        std::filesystem::last_write_time(place / ("stopped/" + folder + "/result.json"));
  }
  const Outcome resumed = place.run({"run", "--resume", "stopped", "--no-report"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.out.find(std::to_string(finished.size()) + " ended before"), std::string::npos)
      << resumed.out;
  expect_same_files(run_files(place / "whole", kFolders), run_files(place / "stopped", kFolders));
  for (const auto& [folder, time] : times) {
    EXPECT_EQ(std::filesystem::last_write_time(place / ("stopped/" + folder + "/result.json")),
              time)
        << folder << " was trained again";
  }
}

TEST(SweepRun, KilledAtAnyTimeAndResumedItEndsWithTheSameBits) {
  const Workplace place(1500);
  ASSERT_EQ(place.run(sweep_arguments(place, "whole")).exit_code, 0);
  const auto expected = run_files(place / "whole", kFolders);
  RandomStream random(11, Purpose::kOrder, 0, 0);
  // At a random call that changes a file: tests/cli/kill_at.cc counts them.
  for (int i = 0; i < 4; ++i) {
    const std::string out = "killed-" + std::to_string(i);
    const std::string number = std::to_string(40 + random.below(300));
    SCOPED_TRACE("call " + number);
    const Outcome killed =
        Program({.arguments = sweep_arguments(place, out, {"--jobs", "2"}),
                 .folder = place.path(),
                 .environment = {"LD_PRELOAD=" NORMLAB_KILL_AT_LIBRARY,
                                 "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0",
                                 "NORMLAB_KILL_AT=" + number, "NORMLAB_KILL_SHARE=0.5"}})
            .finish();
    ASSERT_EQ(killed.signal, SIGKILL) << killed.err;
    const Outcome resumed = place.run({"run", "--resume", out, "--no-report"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    expect_same_files(expected, run_files(place / out, kFolders));
    const Json json = results(place, out);
    for (const Json& run : json["runs"]) EXPECT_EQ(run["status"], "finished");
  }
}

TEST(SweepRun, ARunThatFailsIsRecordedAndNotTriedAgain) {
  const Workplace place;
  const Words wild = {"--set", "sweep.schedule.learning_rate=[0.05, 1e20]", "--set",
                      "norm.kind=none"};
  const Outcome outcome = place.run(sweep_arguments(place, "out", wild));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("normlab: 6 of 12 runs failed: "), std::string::npos) << outcome.err;
  int failed = 0;
  const Json json = results(place, "out");
  for (const Json& run : json["runs"]) {
    if (run["status"] != "failed") continue;
    EXPECT_NE(run["message"], "");
    ++failed;
  }
  EXPECT_EQ(failed, 6);
  const Outcome again = place.run({"run", "--resume", "out", "--no-report"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(again.out.starts_with("12 runs, 12 ended before, 0 left\n")) << again.out;
  EXPECT_NE(again.err.find("6 of 12 runs failed"), std::string::npos) << again.err;
}

TEST(SweepRun, AFullDiskStopsAllRunsAndLosesNothing) {
  const Workplace place;
  const Words more = {"--jobs", "2"};
  const Outcome outcome = Program({.arguments = sweep_arguments(place, "out", more),
                                   .folder = place.path(),
                                   .largest_file = 6000})
                              .finish();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("Go on with: normlab run --resume out\n"), std::string::npos)
      << outcome.err;
  const Outcome resumed = place.run({"run", "--resume", "out", "--no-report"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
}

}  // namespace
}  // namespace normlab
