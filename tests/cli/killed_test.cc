// Ended by SIGKILL at any instant and gone on with, an experiment ends with the same bits.
//
//   NORMLAB_KILLS=50      how many instants (default: 8)
//   NORMLAB_KILL_SEED=7   which (default: 1)
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/workplace.h"
#include "normlab/base/random.h"

namespace normlab {
namespace {

using Clock = std::chrono::steady_clock;

const std::vector<std::string> kKilledRuns = {"GN", "BN+L1"};

int number_of_kills() {
  const char* kills = std::getenv("NORMLAB_KILLS");
  return kills == nullptr ? 8 : std::atoi(kills);
}

// A call that changes files, as tests/cli/kill_at.cc counts them.
struct Call {
  int number = 0;
  std::string name;
  std::string path;
};

class Killed : public testing::Test {
 protected:
  Killed() : random_(seed(), Purpose::kOrder, 0, 0) {
    std::printf("NORMLAB_KILLS=%d NORMLAB_KILL_SEED=%llu\n", number_of_kills(),
                static_cast<unsigned long long>(seed()));
    const auto began = Clock::now();
    Program whole({.arguments = place_.run_arguments("whole"),
                   .folder = place_.path(),
                   .environment = preload({"NORMLAB_KILL_LOG=calls"})});
    const Outcome outcome = whole.finish();
    duration_ = Clock::now() - began;
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    expected_ = run_files(place_ / "whole", kKilledRuns);
    std::istringstream log(place_.read("calls"));
    for (Call call; log >> call.number >> call.name >> call.path;) calls_.push_back(call);
  }

  static std::uint64_t seed() {
    const char* seed = std::getenv("NORMLAB_KILL_SEED");
    return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
  }

  static std::vector<std::string> preload(std::vector<std::string> variables) {
    variables.push_back("LD_PRELOAD=" NORMLAB_KILL_AT_LIBRARY);
    // The address sanitizer would be first; it works as the second too.
    variables.push_back("ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0");
    return variables;
  }

  int below(std::size_t bound) {
    return static_cast<int>(random_.below(static_cast<std::uint32_t>(bound)));
  }

  // Begins the experiment, or goes on with what is there.
  std::vector<std::string> arguments(const std::string& out) const {
    if (!place_.has(out + "/experiment.toml")) return place_.run_arguments(out);
    return {"run", "--resume", out, "--no-report"};
  }

  Outcome killed_at_call(const std::string& out, int number, double share) {
    return Program({.arguments = arguments(out),
                    .folder = place_.path(),
                    .environment = preload({"NORMLAB_KILL_AT=" + std::to_string(number),
                                            "NORMLAB_KILL_SHARE=" + std::to_string(share)})})
        .finish();
  }

  // It may be through before.
  Outcome killed_after(const std::string& out, Clock::duration time) {
    Program program({.arguments = arguments(out), .folder = place_.path()});
    std::this_thread::sleep_for(time);
    program.send(SIGKILL);
    return program.finish();
  }

  // Of the calls whose file is named like this.
  std::vector<Call> calls_on(const std::string& part) const {
    std::vector<Call> calls;
    for (const Call& call : calls_) {
      if (call.path.find(part) != std::string::npos) calls.push_back(call);
    }
    return calls;
  }

  // 0, 1, or a share between them: nothing, all or a part.
  double some_share() {
    const int kind = below(4);
    return kind == 0 ? 0.0 : kind == 1 ? 1.0 : static_cast<double>(random_.uniform());
  }

  Outcome finish(const std::string& out) { return place_.run(arguments(out)); }

  void expect_whole(const std::string& out) {
    expect_same_files(expected_, run_files(place_ / out, kKilledRuns));
    const std::string results = place_.read(out + "/results.json");
    EXPECT_EQ(results.find("interrupted"), std::string::npos);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place_ / out)) {
      EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos)
          << "left behind: " << entry.path();
    }
  }

  Workplace place_;
  RandomStream random_;
  Clock::duration duration_{};
  std::vector<Call> calls_;
  std::map<std::string, std::string> expected_;
};

TEST_F(Killed, AtAnyInstantAndResumedItEndsWithTheSameBits) {
  const std::vector<Call> in_checkpoints = calls_on("checkpoint");
  ASSERT_GE(in_checkpoints.size(), 24u) << "6 checkpoints are opened, written, synced and renamed";
  for (int i = 0; i < number_of_kills(); ++i) {
    const std::string out = "killed-" + std::to_string(i);
    std::string where;
    Outcome outcome;
    if (i % 2 == 0) {
      const std::vector<Call>& calls = i % 4 == 0 ? in_checkpoints : calls_;
      const Call& call = calls[static_cast<std::size_t>(below(calls.size()))];
      const double share = some_share();
      where = call.name + " of " + call.path + ", share " + std::to_string(share);
      outcome = killed_at_call(out, call.number, share);
      ASSERT_EQ(outcome.signal, SIGKILL) << where << "\n" << outcome.err;
    } else {
      const auto time = std::chrono::duration_cast<std::chrono::microseconds>(
          duration_ * static_cast<double>(random_.uniform()));
      where = std::to_string(time.count()) + " us";
      outcome = killed_after(out, time);
    }
    // Every third is killed once more while it goes on.
    if (i % 3 == 2 && outcome.signal == SIGKILL) {
      const int number = below(calls_.size() / 2);
      const double share = some_share();
      where += ", then call " + std::to_string(number) + ", share " + std::to_string(share);
      killed_at_call(out, number, share);
    }
    SCOPED_TRACE("kill " + std::to_string(i) + ": " + where);
    const Outcome last = finish(out);
    ASSERT_EQ(last.exit_code, 0) << last.err;
    expect_whole(out);
    if (HasFailure()) return;
  }
}

// After the last epoch no other epoch follows whose history would hold this one's.
TEST_F(Killed, BetweenTheLastCheckpointAndItsHistory) {
  for (const std::string file : {"GN/history.csv", "GN/digests.csv"}) {
    const std::vector<Call> calls = calls_on(file);
    const auto opened = std::find_if(calls.rbegin(), calls.rend(),
                                     [](const Call& call) { return call.name == "open"; });
    ASSERT_NE(opened, calls.rend());
    const std::string out = "killed-" + file.substr(3);
    SCOPED_TRACE(file);
    ASSERT_EQ(killed_at_call(out, opened->number, 0).signal, SIGKILL);
    const Outcome last = finish(out);
    ASSERT_EQ(last.exit_code, 0) << last.err;
    expect_whole(out);
  }
}

// Before there is anything to go on with: the same command works again.
TEST_F(Killed, BeforeItsExperimentIsWrittenItLeavesAFolderThatCanBeUsed) {
  const std::vector<Call> calls = calls_on("whole/experiment.toml");
  ASSERT_EQ(calls.back().name, "rename");
  for (const Call& call : calls) {
    const std::string out = "killed-" + call.name;
    SCOPED_TRACE(call.name);
    ASSERT_EQ(killed_at_call(out, call.number, 0).signal, SIGKILL);
    ASSERT_FALSE(place_.has(out + "/experiment.toml"));
    const Outcome again = place_.run(place_.run_arguments(out));
    ASSERT_EQ(again.exit_code, 0) << again.err;
    expect_whole(out);
  }
}

// The call that begins to write the first run's model: its last checkpoint is there, and its files
// are not.
class TornCheckpoint : public Killed {
 protected:
  TornCheckpoint() {
    const Outcome outcome =
        killed_at_call("stopped", calls_on("GN/model.safetensors").front().number, 0);
    EXPECT_EQ(outcome.signal, SIGKILL) << outcome.err;
    newest_ = place_.read("stopped/GN/checkpoint.safetensors");
  }

  // A copy of that folder with these bytes as its newest checkpoint.
  std::string stopped_with(const std::string& checkpoint) {
    const std::string out = "torn-" + std::to_string(count_++);
    std::filesystem::copy(place_ / "stopped", place_ / out,
                          std::filesystem::copy_options::recursive);
    place_.write(out + "/GN/checkpoint.safetensors", checkpoint);
    return out;
  }

  // Cut off somewhere, or with one bit changed.
  std::string damaged() {
    std::string bytes = newest_;
    const auto at = static_cast<std::size_t>(below(bytes.size()));
    if (below(2) == 0) return bytes.substr(0, at);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
    return bytes;
  }

  std::string newest_;
  int count_ = 0;
};

TEST_F(TornCheckpoint, IsSeenAndTheOneBeforeUsed) {
  for (int i = 0; i < number_of_kills(); ++i) {
    const std::string checkpoint = damaged();
    const std::string out = stopped_with(checkpoint);
    SCOPED_TRACE(out + ", " + std::to_string(checkpoint.size()) + " bytes");
    const Outcome outcome = finish(out);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("went back to the one before, of epoch 2"), std::string::npos)
        << outcome.err;
    expect_whole(out);
    if (HasFailure()) return;
  }
}

// What is torn must not take the place of the one before, which is the only whole one left.
TEST_F(TornCheckpoint, SurvivesAnotherKillInTheNextWrite) {
  const std::string probe = stopped_with(damaged());
  ASSERT_EQ(Program({.arguments = arguments(probe),
                     .folder = place_.path(),
                     .environment = preload({"NORMLAB_KILL_LOG=calls-of-resume"})})
                .finish()
                .exit_code,
            0);
  std::vector<Call> calls;
  std::istringstream log(place_.read("calls-of-resume"));
  for (Call call; log >> call.number >> call.name >> call.path;) {
    if (call.path.find("GN/checkpoint") != std::string::npos) calls.push_back(call);
  }
  ASSERT_GE(calls.size(), 5u);
  for (const Call& call : calls) {
    for (const double share : {0.0, 0.5, 1.0}) {
      const std::string out = stopped_with(damaged());
      SCOPED_TRACE(call.name + " of " + call.path + ", share " + std::to_string(share));
      ASSERT_EQ(killed_at_call(out, call.number, share).signal, SIGKILL);
      const Outcome outcome = finish(out);
      ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
      expect_whole(out);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace normlab
