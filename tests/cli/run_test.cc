// Whole experiments through the program, on a tiny data set.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/workplace.h"
#include "normlab/formats/safetensors.h"

namespace normlab {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

const Words kRuns = {"GN", "BN+L1"};

void expect_same_models(const Workplace& place, const std::string& a, const std::string& b) {
  for (const std::string& run : kRuns) {
    EXPECT_EQ(place.read(a + "/" + run + "/model.safetensors"),
              place.read(b + "/" + run + "/model.safetensors"))
        << run;
    EXPECT_EQ(place.read(a + "/" + run + "/predictions.csv"),
              place.read(b + "/" + run + "/predictions.csv"))
        << run;
  }
}

Json results(const Workplace& place, const std::string& folder) {
  return Json::parse(place.read(folder + "/results.json"));
}

bool has_leftovers(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename().string().find(".tmp-") != std::string::npos) return true;
  }
  return false;
}

TEST(Run, LeavesEverything) {
  const Workplace place;
  const Outcome outcome = place.run({"run", "tiny-experiment.toml", "--no-report"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.find('\033'), std::string::npos) << "piped output has escape codes";
  EXPECT_TRUE(std::filesystem::is_symlink(place / "runs/latest"));
  for (const std::string file :
       {"experiment.toml", "environment.json", "results.json", "results.csv"}) {
    EXPECT_TRUE(place.has("runs/latest/" + file)) << file;
  }
  for (const std::string& run : kRuns) {
    for (const std::string file : {"model.safetensors", "history.csv", "predictions.csv"}) {
      EXPECT_TRUE(place.has("runs/latest/" + run + "/" + file)) << run << " " << file;
    }
  }
  EXPECT_FALSE(has_leftovers(place / "runs"));

  const Json json = results(place, "runs/latest");
  EXPECT_EQ(json["experiment"], "tiny");
  ASSERT_EQ(json["runs"].size(), 2u);
  for (const Json& run : json["runs"]) {
    EXPECT_EQ(run["status"], "finished");
    // 8x9 + 16 + 8x8x9 + 16 + 8x3 + 3
    EXPECT_EQ(run["parameters"], 707);
    ASSERT_EQ(run["epochs"].size(), 3u);
    EXPECT_EQ(run["epochs"][0]["learning_rate"], 0.05);
    EXPECT_EQ(run["epochs"][2]["learning_rate"], 0.005);
    EXPECT_GT(run["epochs"][2]["test_accuracy"], 60.0) << "it has not learned";
  }
  EXPECT_EQ(json["environment"], Json::parse(place.read("runs/latest/environment.json")));
  EXPECT_EQ(json["environment"]["data_sha256"].size(), 1u);
}

TEST(Run, ItsCompleteExperimentRepeatsItAlone) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("first")).exit_code, 0);
  std::filesystem::remove(place / "tiny.toml");
  std::filesystem::remove(place / "tiny-experiment.toml");
  const Outcome again =
      place.run({"run", "first/experiment.toml", "--no-report", "--out", "second"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  expect_same_models(place, "first", "second");
  EXPECT_EQ(place.read("first/experiment.toml"), place.read("second/experiment.toml"));
}

TEST(Run, OneThreadAndTwoGiveTheSameBits) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("one", {"--threads", "1"})).exit_code, 0);
  ASSERT_EQ(place.run(place.run_arguments("two", {"--threads", "2"})).exit_code, 0);
  expect_same_models(place, "one", "two");
}

TEST(Run, HowConvolutionsAreComputedIsASwitchThatTheEnvironmentNames) {
  const Workplace place;
  const auto convolutions = [&](const std::string& folder) {
    return Json::parse(place.read(folder + "/environment.json"))["convolution"];
  };
  ASSERT_EQ(place.run(place.run_arguments("plain", {"--epochs", "1"})).exit_code, 0);
  EXPECT_EQ(convolutions("plain"), Json({"winograd"}));
  // Sums of the parameters: a model's file names the algorithm, and would differ by that alone.
  for (const std::string other : {"direct", "bf16"}) {
    const std::vector<std::string> options = {"--epochs", "1", "--set",
                                              "train.convolution=" + other};
    ASSERT_EQ(place.run(place.run_arguments(other, options)).exit_code, 0);
    EXPECT_EQ(convolutions(other), Json({other}));
    EXPECT_NE(place.read("plain/GN/digests.csv"), place.read(other + "/GN/digests.csv"));
  }
  EXPECT_NE(place.read("direct/GN/digests.csv"), place.read("bf16/GN/digests.csv"));
}

TEST(Run, AnotherSeedGivesOtherBits) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("a", {"--epochs", "1"})).exit_code, 0);
  ASSERT_EQ(place.run(place.run_arguments("b", {"--epochs", "1", "--seed", "2"})).exit_code, 0);
  EXPECT_NE(place.read("a/GN/model.safetensors"), place.read("b/GN/model.safetensors"));
}

// Long enough that a signal sent after the first epoch arrives in the middle of the second.
constexpr int kManyImages = 6000;

TEST(Run, KilledInTheMiddleOfAnEpochAndResumedItEndsWithTheSameBits) {
  const Workplace place(kManyImages);
  ASSERT_EQ(place.run(place.run_arguments("whole")).exit_code, 0);
  Program program({.arguments = place.run_arguments("killed"), .folder = place.path()});
  ASSERT_TRUE(program.wait_for_line(" 1/3 "));
  program.send(SIGKILL);
  const Outcome killed = program.finish();
  ASSERT_EQ(killed.signal, SIGKILL) << "it was through before the signal came";
  EXPECT_EQ(results(place, "killed")["runs"][0]["status"], "interrupted");
  EXPECT_FALSE(place.has("killed/GN/model.safetensors"));

  place.write("killed/GN/checkpoint.safetensors.tmp-999999999-2", "half of one");
  const Outcome resumed = place.run({"run", "--resume", "killed", "--no-report"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.out.find("goes on after epoch "), std::string::npos) << resumed.out;
  expect_same_models(place, "whole", "killed");
  EXPECT_FALSE(has_leftovers(place / "killed"));
  EXPECT_EQ(results(place, "killed")["runs"][0]["epochs"].size(), 3u);

  // What is finished is not done again.
  const auto time = std::filesystem::last_write_time(place / "killed/GN/model.safetensors");
  const Outcome again = place.run({"run", "--resume", "killed", "--no-report"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.out.find("finished before"), std::string::npos) << again.out;
  EXPECT_EQ(std::filesystem::last_write_time(place / "killed/GN/model.safetensors"), time);
}

TEST(Run, CtrlCStopsAtTheNextBatchAndSaysHowToGoOn) {
  const Workplace place(kManyImages);
  ASSERT_EQ(place.run(place.run_arguments("whole")).exit_code, 0);
  Program program({.arguments = place.run_arguments("stopped"), .folder = place.path()});
  ASSERT_TRUE(program.wait_for_line(" 1/3 "));
  program.send(SIGINT);
  const Outcome stopped = program.finish();
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("Go on with: normlab run --resume stopped\n"), std::string::npos)
      << stopped.err;
  EXPECT_EQ(results(place, "stopped")["runs"][0]["status"], "interrupted");
  EXPECT_FALSE(has_leftovers(place / "stopped"));
  const Outcome resumed = place.run({"run", "--resume", "stopped", "--no-report"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  expect_same_models(place, "whole", "stopped");
}

TEST(Run, ADamagedCheckpointCostsAnEpochAndNoBit) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("whole")).exit_code, 0);
  ASSERT_EQ(place.run(place.run_arguments("hurt")).exit_code, 0);
  std::filesystem::remove(place / "hurt/GN/model.safetensors");
  std::string bytes = place.read("hurt/GN/checkpoint.safetensors");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  place.write("hurt/GN/checkpoint.safetensors", bytes);
  const Outcome resumed = place.run({"run", "--resume", "hurt", "--no-report"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("went back to the one before, of epoch 2"), std::string::npos)
      << resumed.err;
  expect_same_models(place, "whole", "hurt");
}

TEST(Run, DamagedFilesOfAFinishedRunAreMadeAgain) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("whole")).exit_code, 0);
  ASSERT_EQ(place.run(place.run_arguments("hurt")).exit_code, 0);
  for (const std::string file :
       {"model.safetensors", "predictions.csv", "history.csv", "digests.csv"}) {
    const std::string path = "hurt/GN/" + file;
    const std::string before = place.read(path);
    // Cut in the middle, before the last row, and in the last number or sum: what is left of a
    // table is in the second case a table, and in the third it looks like one.
    const std::size_t last_row = before.rfind('\n', before.size() - 2) + 1;
    for (const std::size_t left : {before.size() / 2, last_row, before.size() - 2}) {
      place.write(path, before.substr(0, left));
      const Outcome resumed = place.run({"run", "--resume", "hurt", "--no-report"});
      ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
      EXPECT_TRUE(place.read(path) == before) << file << ", " << left << " of " << before.size();
    }
    std::filesystem::remove(place / path);
    const Outcome resumed = place.run({"run", "--resume", "hurt", "--no-report"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    ASSERT_TRUE(place.has(path)) << file;
    EXPECT_TRUE(place.read(path) == before) << file;
  }
  expect_same_models(place, "whole", "hurt");
}

TEST(Run, ACheckpointOfOtherSettingsIsRefused) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("out")).exit_code, 0);
  std::string text = place.read("out/experiment.toml");
  const auto at = text.find("epochs = 3");
  ASSERT_NE(at, std::string::npos);
  place.write("out/experiment.toml", text.replace(at, 10, "epochs = 4"));
  const std::string before = place.read("out/results.json");
  const Outcome resumed = place.run({"run", "--resume", "out", "--no-report"});
  EXPECT_EQ(resumed.exit_code, 1);
  EXPECT_NE(resumed.err.find("made with other settings"), std::string::npos) << resumed.err;
  EXPECT_EQ(place.read("out/results.json"), before);
}

TEST(Run, ACheckpointOfOtherDataIsRefused) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("out")).exit_code, 0);
  std::string images = place.read("data/train-images-idx3-ubyte");
  images.back() = static_cast<char>(images.back() ^ 1);
  place.write("data/train-images-idx3-ubyte", images);
  const Outcome resumed = place.run({"run", "--resume", "out", "--no-report"});
  EXPECT_EQ(resumed.exit_code, 1);
  EXPECT_NE(resumed.err.find("settings or data than those"), std::string::npos) << resumed.err;
}

TEST(Run, ResultsOfRunsThatTheExperimentDoesNotKnowAreKept) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("out")).exit_code, 0);
  const std::string text = place.read("out/experiment.toml");
  place.write("out/experiment.toml", text.substr(0, text.rfind("[[run]]")));
  const std::string before = place.read("out/results.json");
  const Outcome resumed = place.run({"run", "--resume", "out", "--no-report"});
  EXPECT_EQ(resumed.exit_code, 1);
  EXPECT_NE(resumed.err.find("results.json has a run BN+L1 that"), std::string::npos)
      << resumed.err;
  EXPECT_EQ(place.read("out/results.json"), before);
}

TEST(Run, StoppedWhileItGoesOnItKeepsTheResultsOfLaterRuns) {
  const Workplace place(kManyImages);
  ASSERT_EQ(place.run(place.run_arguments("out")).exit_code, 0);
  std::filesystem::remove_all(place / "out/GN");
  Program program({.arguments = {"run", "--resume", "out", "--no-report"}, .folder = place.path()});
  ASSERT_TRUE(program.wait_for_line(" 1/3 "));
  program.send(SIGHUP);  // its terminal was closed
  ASSERT_EQ(program.finish().exit_code, 130);
  const Json json = results(place, "out");
  EXPECT_EQ(json["runs"][0]["status"], "interrupted");
  EXPECT_EQ(json["runs"][1]["status"], "finished");
  EXPECT_EQ(json["runs"][1]["epochs"].size(), 3u);
}

TEST(Run, ADivergedRunLeavesTheOthersAlone) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("good")).exit_code, 0);
  place.write("tiny-experiment.toml", place.read("tiny-experiment.toml") + R"([[run]]
name = "wild"
norm.kind = "none"
schedule.learning_rate = 1e20
[[run]]
name = "last"
)");
  const Outcome outcome = place.run(place.run_arguments("out"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("wild failed: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("learning rate"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("normlab: 1 of 4 runs failed: wild\n"), std::string::npos)
      << outcome.err;
  expect_same_models(place, "good", "out");
  const Json json = results(place, "out");
  EXPECT_EQ(json["runs"][0]["status"], "finished");
  EXPECT_EQ(json["runs"][2]["status"], "failed");
  EXPECT_NE(json["runs"][2]["message"], "");
  EXPECT_EQ(json["runs"][3]["status"], "finished");
  EXPECT_FALSE(place.has("out/wild/model.safetensors"));
}

TEST(Run, AFolderInUseIsLeftAlone) {
  const Workplace place;
  std::filesystem::create_directory(place / "mine");
  place.write("mine/thesis.txt", "years of work");
  const Outcome outcome = place.run(place.run_arguments("mine"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("mine: the folder is in use"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("--resume"), std::string::npos) << "there is nothing to go on with";
  EXPECT_EQ(place.read("mine/thesis.txt"), "years of work");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(place / "mine"), {}), 1);
}

TEST(Run, TwoDoNotWorkInOneFolder) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("out")).exit_code, 0);
  const int lock = ::open((place / "out/.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(lock, 0);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  const Outcome outcome = place.run({"run", "--resume", "out", "--no-report"});
  ::close(lock);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("another normlab is at work in it"), std::string::npos) << outcome.err;
}

TEST(Run, AFullDiskLosesNothing) {
  const Workplace place;
  // Enough for the first files and not for a checkpoint.
  Program program(
      {.arguments = place.run_arguments("out"), .folder = place.path(), .largest_file = 6000});
  const Outcome outcome = program.finish();
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("checkpoint.safetensors: cannot be written"), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("\nGo on with: normlab run --resume out\n"), std::string::npos)
      << outcome.err;
  EXPECT_FALSE(has_leftovers(place / "out"));
  const Outcome resumed = place.run({"run", "--resume", "out", "--no-report"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
}

// A gnuplot that does what `script` says, found before the real one.
Outcome run_with_gnuplot(const Workplace& place, const std::string& script) {
  std::filesystem::create_directory(place / "bin");
  place.write("bin/gnuplot", "#!/bin/sh\n" + script + "\n");
  std::filesystem::permissions(place / "bin/gnuplot", std::filesystem::perms::owner_all);
  return run_in_shell(place.path(),
                      "PATH=$PWD/bin:$PATH exec \"$0\" run tiny-experiment.toml --out out");
}

TEST(Run, WithoutFiguresTheResultsAreKept) {
  const Workplace place;
  const Outcome failed = run_with_gnuplot(place, "exit 1");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("all results are kept.\nDraw with: normlab report out\n"),
            std::string::npos)
      << failed.err;
  EXPECT_EQ(results(place, "out")["runs"][1]["status"], "finished");
}

// Some that start programs do, and pass it on; then the end of gnuplot could not be known.
TEST(Run, FiguresAreDrawnWhereTheEndOfChildrenWasIgnored) {
  const Workplace place;
  const Outcome outcome = run_in_shell(
      place.path(),
      "exec env --ignore-signal=CHLD \"$0\" run tiny-experiment.toml --epochs 1 --out out");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(place.has("out/accuracy.png"));
}

TEST(Run, CtrlCWhileFiguresAreDrawnSaysHowToDrawThem) {
  const Workplace place;
  const Outcome stopped = run_with_gnuplot(place, "kill -INT $PPID; exit 1");
  EXPECT_EQ(stopped.exit_code, 130);
  EXPECT_NE(stopped.err.find("Draw with: normlab report out\n"), std::string::npos) << stopped.err;
}

TEST(Run, AFolderThatCannotBeMadeIsNamed) {
  const Workplace place;
  const Outcome outcome = place.run(place.run_arguments("/proc/normlab"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("/proc/normlab: folder cannot be created"), std::string::npos)
      << outcome.err;
}

TEST(Run, QuietPrintsTheOutcomeAlone) {
  const Workplace place;
  const Outcome outcome = place.run(place.run_arguments("out", {"--quiet"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("1/3"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("BN+L1"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.err, "");
}

TEST(Train, OneRunFromFlags) {
  const Workplace place;
  const Outcome outcome = place.run({"train",
                                     "--data",
                                     "data/",
                                     "--model",
                                     "tiny.toml",
                                     "--norm",
                                     "gn",
                                     "--groups",
                                     "4",
                                     "--epochs",
                                     "3",
                                     "--batch-size",
                                     "16",
                                     "--learning-rate",
                                     "0.05",
                                     "--seed",
                                     "1",
                                     "--set",
                                     "schedule.step=2",
                                     "--no-report",
                                     "--out",
                                     "train"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  // The same as the run of the experiment file, to the bit.
  ASSERT_EQ(place.run(place.run_arguments("run")).exit_code, 0);
  EXPECT_EQ(place.read("train/GN/model.safetensors"), place.read("run/GN/model.safetensors"));
}

TEST(Evaluate, ReadsAModelFromAPipe) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("out", {"--epochs", "1"})).exit_code, 0);
  const std::string evaluate = "\"$0\" evaluate --data data/ --model ";
  const Outcome outcome =
      run_in_shell(place.path(), "cat out/GN/model.safetensors | " + evaluate + "/dev/stdin");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, run_in_shell(place.path(), evaluate + "out/GN/model.safetensors").out);
}

TEST(Evaluate, ALossThatIsNoNumberIsAnError) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("out", {"--epochs", "1"})).exit_code, 0);
  SafetensorsFile file = read_safetensors(place / "out/GN/model.safetensors");
  file.metadata["normlab.std"] = "[1e-45]";
  write_safetensors(place / "changed.safetensors", file);
  const Outcome outcome =
      place.run({"evaluate", "--model", "changed.safetensors", "--data", "data/"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("changed.safetensors: the loss is "), std::string::npos)
      << outcome.err;
}

TEST(Evaluate, FindsTheAccuracyOfTheLastEpochAgain) {
  const Workplace place;
  ASSERT_EQ(place.run(place.run_arguments("out")).exit_code, 0);
  const Outcome outcome =
      place.run({"evaluate", "--model", "out/GN/model.safetensors", "--data", "data/"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const int correct = results(place, "out")["runs"][0]["epochs"][2]["test_correct"];
  EXPECT_NE(outcome.out.find("(" + std::to_string(correct) + " of 96)"), std::string::npos)
      << outcome.out;
}

}  // namespace
}  // namespace normlab
