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

Json results_of(const Workplace& place, const std::string& folder) {
  return Json::parse(place.read(folder + "/results.json"));
}

// What the arms come to, of three seeds each.
void expect_verdict(const std::string& out) {
  EXPECT_NE(out.find("over 3 seeds: fewer than 5 seeds decide nothing\n"), std::string::npos)
      << out;
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
    expect_verdict(outcome.out);
    expect_same_files(expected, run_files(place / out, kFolders));
    std::filesystem::remove_all(place / out);
  }
}

// The images that a sweep is timed by are fewer: of 512 in batches of 7, one would be left over.
TEST(SweepRun, IsTimedInWholeBatches) {
  const Workplace place(602);
  const std::string model = place.read("tiny.toml");
  place.write("tiny.toml", model.substr(0, model.rfind(']')) + "  {type = \"batch_norm\"},\n]\n");
  const Outcome outcome =
      place.run(sweep_arguments(place, "out", {"--epochs", "1", "--set", "train.batch_size=7"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("(2 settings measured)"), std::string::npos) << outcome.out;
}

TEST(SweepRun, ItsRunsHaveArmsAndVerify) {
  const Workplace place;
  ASSERT_EQ(place.run(sweep_arguments(place, "out")).exit_code, 0);
  const Json json = results_of(place, "out");
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
  const Json json = results_of(place, "stopped");
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
    const Json json = results_of(place, out);
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
  const Json json = results_of(place, "out");
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

Words shard_arguments(const Workplace& place, const std::string& shard, const Words& more = {}) {
  Words arguments = {"--shard", shard};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return sweep_arguments(place, "shared", arguments);
}

TEST(Shards, TogetherLeaveWhatOneProcessDoes) {
  const Workplace place;
  ASSERT_EQ(place.run(sweep_arguments(place, "whole")).exit_code, 0);
  const Outcome first = place.run(shard_arguments(place, "1/2"));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(first.out.starts_with("3 runs of 6; ")) << first.out;

  place.write("shared/results-notes.json", "mine");  // is of no shard
  const Outcome half = place.run({"collect", "shared", "--no-report"});
  EXPECT_EQ(half.exit_code, 1);
  EXPECT_NE(half.err.find("shared: 3 of 6 runs have not ended: "), std::string::npos) << half.err;
  EXPECT_EQ(results_of(place, "shared")["runs"].size(), 6u);

  ASSERT_EQ(place.run(shard_arguments(place, "2/2")).exit_code, 0);
  const Outcome collected = place.run({"collect", "shared", "--no-report"});
  ASSERT_EQ(collected.exit_code, 0) << collected.err;
  expect_verdict(collected.out);
  expect_same_files(run_files(place / "whole", kFolders), run_files(place / "shared", kFolders));
  EXPECT_EQ(place.read("whole/experiment.toml"), place.read("shared/experiment.toml"));
  const Json json = results_of(place, "shared");
  for (const Json& run : json["runs"]) EXPECT_EQ(run["status"], "finished");
  EXPECT_EQ(json["environment"]["shards"].size(), 2u);
  const Outcome verified = place.run({"verify", "shared", "--quiet"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

TEST(Shards, EachArmIsDealtOutToAll) {
  const Workplace place;
  ASSERT_EQ(place.run(shard_arguments(place, "2/3", {"--epochs", "1"})).exit_code, 0);
  std::set<std::string> folders;
  const Json json = Json::parse(place.read("shared/results-2-of-3.json"));
  for (const Json& run : json["runs"]) folders.insert(run["folder"]);
  EXPECT_EQ(folders, (std::set<std::string>{"GN-seed-2", "BN+L1-seed-2"}));
}

TEST(Shards, OneWithoutRunsSaysSo) {
  const Workplace place;
  const Outcome shard = place.run(shard_arguments(place, "9/9", {"--epochs", "1"}));
  EXPECT_EQ(shard.exit_code, 0) << shard.err;
  EXPECT_NE(shard.out.find("shard 9/9 has no runs: there are more shards than runs"),
            std::string::npos)
      << shard.out;
}

TEST(Shards, RunsThatFailedAreNamedWhenAllIsCollected) {
  const Workplace place;
  const Words wild = {"--set",    "sweep.schedule.learning_rate=[0.05, 1e20]",
                      "--set",    "norm.kind=none",
                      "--epochs", "1"};
  const Outcome shard = place.run(shard_arguments(place, "1/1", wild));
  EXPECT_EQ(shard.exit_code, 0) << shard.err;
  EXPECT_NE(shard.out.find("6 of its runs failed"), std::string::npos) << shard.out;
  const Outcome collected = place.run({"collect", "shared", "--no-report"});
  EXPECT_EQ(collected.exit_code, 1);
  EXPECT_NE(collected.err.find("normlab: 6 of 12 runs failed: "), std::string::npos)
      << collected.err;
}

// experiment.toml was edited, or the data is another, since the runs were trained.
TEST(Shards, ResultsOfOtherSettingsOrDataAreNotCollected) {
  const Workplace place;
  ASSERT_EQ(place.run(shard_arguments(place, "1/1", {"--epochs", "1"})).exit_code, 0);
  const Words collect = {"collect", "shared", "--no-report"};
  const std::string settings = place.read("shared/experiment.toml");
  const std::size_t epochs = settings.find("epochs = 1");
  ASSERT_NE(epochs, std::string::npos) << settings;
  const std::string other_settings = std::string(settings).replace(epochs, 10, "epochs = 2");
  const std::string labels_file = "data/train-labels-idx1-ubyte";
  const std::string labels = place.read(labels_file);
  std::string other_labels = labels;
  other_labels.back() = other_labels.back() == 0 ? 1 : 0;
  const auto expect_refused = [&](const std::string& what) {
    const auto expect_now = [&] {
      const Outcome refused = place.run(collect);
      EXPECT_EQ(refused.exit_code, 1);
      EXPECT_EQ(refused.err.find("normlab: shared/GN-seed-1: its " + what + " is of other"), 0u)
          << refused.err;
      EXPECT_FALSE(place.has("shared/results.json"));
    };
    place.write("shared/experiment.toml", other_settings);
    expect_now();
    place.write("shared/experiment.toml", settings);
    place.write(labels_file, other_labels);
    expect_now();
    place.write(labels_file, labels);
  };
  expect_refused("result");
  const std::string result = place.read("shared/GN-seed-1/result.json");
  std::filesystem::remove(place / "shared/GN-seed-1/result.json");  // a run that has not ended
  expect_refused("checkpoint");
  place.write("shared/GN-seed-1/result.json", result);

  const Outcome collected = place.run(collect);
  EXPECT_EQ(collected.exit_code, 0) << collected.err;
}

// As after a node that failed: the same command again, on another node.
TEST(Shards, KilledAndStartedAgainAShardEndsWithTheSameBits) {
  const Workplace place(1500);
  ASSERT_EQ(place.run(sweep_arguments(place, "whole")).exit_code, 0);
  Program program({.arguments = shard_arguments(place, "1/1"), .folder = place.path()});
  ASSERT_TRUE(program.wait_for_line("1/6  "));
  program.send(SIGKILL);
  ASSERT_EQ(program.finish().signal, SIGKILL) << "it was through before the signal came";
  const Outcome again = place.run(shard_arguments(place, "1/1"));
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.out.find(" ended before, "), std::string::npos) << again.out;
  ASSERT_EQ(place.run({"collect", "shared", "--no-report"}).exit_code, 0);
  expect_same_files(run_files(place / "whole", kFolders), run_files(place / "shared", kFolders));
}

TEST(Shards, TwoOfOneNumberShareTheRunsAndSpoilNothing) {
  const Workplace place(1500);
  ASSERT_EQ(place.run(sweep_arguments(place, "whole")).exit_code, 0);
  Program one({.arguments = shard_arguments(place, "1/1"), .folder = place.path()});
  Program other({.arguments = shard_arguments(place, "1/1"), .folder = place.path()});
  one.finish();
  other.finish();
  // Either may have left to the other what that was at work on.
  const Outcome last = place.run(shard_arguments(place, "1/1"));
  ASSERT_EQ(last.exit_code, 0) << last.err;
  ASSERT_EQ(place.run({"collect", "shared", "--no-report"}).exit_code, 0);
  expect_same_files(run_files(place / "whole", kFolders), run_files(place / "shared", kFolders));
}

TEST(Shards, MistakesAreNamed) {
  const Workplace place;
  for (const std::string shard : {"0/2", "3/2", "1", "a/b", "1/2x", ""}) {
    if (shard.empty()) continue;
    const Outcome outcome = place.run(shard_arguments(place, shard));
    EXPECT_EQ(outcome.exit_code, 2) << shard;
    EXPECT_NE(outcome.err.find("which of how many parts"), std::string::npos) << outcome.err;
  }
  const Outcome nowhere = place.run({"run", "tiny-experiment.toml", "--shard", "1/2"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_NE(nowhere.err.find("--shard needs --out"), std::string::npos) << nowhere.err;
  ASSERT_EQ(place.run(shard_arguments(place, "1/2", {"--epochs", "1"})).exit_code, 0);
  const Outcome other = place.run(shard_arguments(place, "2/2", {"--epochs", "2"}));
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("another experiment is there"), std::string::npos) << other.err;
}

// With all of its sources held fixed the seed changes nothing, and with all but one it does.
TEST(Chance, EachSourceHasAStreamOfItsOwn) {
  const Workplace place;
  const Words sources = {"initialisation", "order", "augmentation", "dropout"};
  const auto model = [&](const std::string& out, const std::string& free) {
    Words more = {"--epochs", "1", "--seed", "7"};
    for (const std::string& source : sources) {
      if (source == free) continue;
      more.insert(more.end(), {"--set", "chance." + source + "=1"});
    }
    EXPECT_EQ(place.run(place.run_arguments(out, more)).exit_code, 0);
    return place.read(out + "/GN/model.safetensors");
  };
  ASSERT_EQ(place.run(place.run_arguments("seed-1", {"--epochs", "1", "--seed", "1"})).exit_code,
            0);
  const std::string expected = place.read("seed-1/GN/model.safetensors");
  EXPECT_TRUE(model("all", "") == expected);
  for (const std::string& free : sources) {
    EXPECT_FALSE(model("free-" + free, free) == expected) << free << " does not depend on the seed";
  }
}

// A network without norms is the same network whatever the norm: what is left is chance, and that
// is shared by the arms.
TEST(Chance, ArmsOfOneSeedShareIt) {
  const Workplace place;
  std::string network = place.read("tiny.toml");
  for (const std::string name : {"first", "second"}) {
    const std::string line = "  {type = \"norm\", name = \"" + name + "_norm\"},\n";
    ASSERT_NE(network.find(line), std::string::npos);
    network.erase(network.find(line), line.size());
  }
  place.write("tiny.toml", network);
  ASSERT_EQ(
      place.run(place.run_arguments("none", {"--epochs", "1", "--set", "l1.lambda=0"})).exit_code,
      0);
  EXPECT_TRUE(place.read("none/GN/predictions.csv") == place.read("none/BN+L1/predictions.csv"));
}

TEST(Validation, TheTestImagesAreScoredOnceAfterTheLastEpoch) {
  const Workplace place;
  const Words more = {"--set", "data.validation=80"};
  ASSERT_EQ(place.run(place.run_arguments("out", more)).exit_code, 0);
  const Json json = results_of(place, "out");
  for (const Json& run : json["runs"]) {
    for (int epoch = 0; epoch < 3; ++epoch) {
      const Json& record = run["epochs"][static_cast<std::size_t>(epoch)];
      EXPECT_EQ(record["test_accuracy"].is_null(), epoch < 2);
      EXPECT_EQ(record["test_correct"].is_null(), epoch < 2);
      EXPECT_EQ(record["validation_accuracy"].get<double>(),
                100.0 * record["validation_correct"].get<int>() / 80);
    }
  }
  const Outcome verified = place.run({"verify", "out", "--quiet"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  const Outcome many = place.run(place.run_arguments("none", {"--set", "data.validation=320"}));
  EXPECT_EQ(many.exit_code, 2);
  EXPECT_NE(many.err.find("some must be left to learn from"), std::string::npos) << many.err;
}

}  // namespace
}  // namespace normlab
