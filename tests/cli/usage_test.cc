// What the command line answers before anything is computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/workplace.h"
#include "normlab/base/file.h"

namespace normlab {
namespace {

using Words = std::vector<std::string>;

const Words kCommands = {"run",     "train",  "evaluate", "predict", "report", "compare",
                         "collect", "verify", "summary",  "data",    "info"};

// One or two lines, beginning with the program's name, and no stack trace.
void expect_message(const Outcome& outcome, int exit_code, const std::string& part) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_EQ(outcome.err.rfind("normlab: ", 0), 0u) << outcome.err;
  EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err << "does not say: " << part;
  const auto lines = std::count(outcome.err.begin(), outcome.err.end(), '\n');
  EXPECT_TRUE(lines == 1 || lines == 2) << outcome.err;
}

TEST(Usage, EveryCommandHasHelpWithAnExample) {
  const Workplace place;
  const Outcome general = place.run({"--help"});
  EXPECT_EQ(general.exit_code, 0);
  for (const std::string& command : kCommands) {
    EXPECT_NE(general.out.find("  " + command + " "), std::string::npos) << command;
    const Outcome help = place.run({command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_NE(help.out.find("Example"), std::string::npos) << help.out;
    EXPECT_EQ(help.err, "") << command;
  }
}

TEST(Usage, AnEmptyValueIsNotTheDefault) {
  const Workplace place;
  const std::string say = "is empty; give a value or leave it out. See: normlab ";
  // Without data, so that a program that takes the default does not train instead.
  expect_message(place.run({"run", "--set", "data.name=nowhere/", "--out", ""}), 2,
                 "--out: " + say + "run --help");
  expect_message(place.run({"train", "--data", "nowhere/", "--model", ""}), 2,
                 "--model: " + say + "train --help");
  expect_message(place.run({"compare", "here", "--json", ""}), 2, "--json: " + say + "compare");
  expect_message(place.run({"summary", "--model", ""}), 2, "--model: " + say + "summary --help");
  expect_message(place.run({"run", "--set", "data.name=nowhere/", ""}), 2, say + "run --help");
  expect_message(place.run({"run", "--resume", ""}), 2, "--resume: " + say + "run --help");
}

TEST(Usage, AnOptionThatIsUnknownHereIsExplained) {
  const Workplace place;
  const auto expect_explained = [&](const Words& arguments, const std::string& explanation) {
    expect_message(place.run(arguments), 2, "normlab: " + explanation);
  };
  expect_explained({"--epochs", "3", "run"},
                   "--epochs belongs after the command: normlab run --epochs. See: normlab run");
  expect_explained({"data", "fetch", "--shard", "1/2"},
                   "normlab data fetch has no option --shard, but normlab run has. See: normlab "
                   "data fetch --help");
  expect_explained({"run", "--model=mine.toml"},
                   "normlab run has no option --model, but normlab train, normlab evaluate, "
                   "normlab predict, normlab summary have. See: normlab run --help");
  expect_explained({"run", "--seedz=3"}, "unknown option --seedz; the nearest is --seeds. See: ");
  // Nothing is near enough to have been meant.
  expect_explained({"run", "--frobnicate"}, "unknown option --frobnicate. See: normlab run");
  expect_explained({"run", "-x"}, "unknown option -x. See: normlab run");
  expect_explained({"frobnicate"}, "unknown command frobnicate. See: normlab --help");
  expect_explained({"run", "one", "two"}, "normlab run does not take two. See: normlab run");
}

TEST(Usage, MistakesOnTheCommandLineEndWith2) {
  const Workplace place;
  expect_message(place.run({}), 2, "normlab --help");
  expect_message(place.run({"rnu"}), 2, "unknown command rnu; the nearest is run");
  expect_message(place.run({"data", "fetch"}), 2, "See: normlab data fetch --help");
  expect_message(place.run({"run", "--epocs", "3"}), 2,
                 "unknown option --epocs; the nearest is --epochs");
  expect_message(place.run(place.run_arguments("out", {"--threads", "0"})), 2,
                 "--threads 0: a number from 1 to");
  expect_message(place.run(place.run_arguments("out", {"--threads", "many"})), 2, "--threads");
  expect_message(place.run(place.run_arguments("out", {"--simd", "MMX"})), 2, "MMX");
  expect_message(place.run(place.run_arguments("out", {"--epochs", "0"})), 2,
                 "--epochs 0: train.epochs must be a whole number from 1 to 1000000, not 0");
  expect_message(place.run(place.run_arguments("out", {"--set", "train.epoch=3"})), 2,
                 "unknown key train.epoch; the nearest known key is train.epochs");
  expect_message(place.run(place.run_arguments("out", {"--set", "train.epochs"})), 2,
                 "key=value is needed");
  expect_message(place.run({"run", "sesion6"}), 2, "the nearest is session6");
  expect_message(place.run(place.run_arguments("out", {"--set", "train=3"})), 2,
                 "train is a table of keys; set one of train.epochs");
  expect_message(place.run(place.run_arguments("out", {"--set", "name=a/b"})), 2,
                 "--set name=a/b: \"a/b\" cannot be the name of a folder");
  expect_message(place.run({"train", "--name", "a/b"}), 2,
                 "--name a/b: \"a/b\" cannot be the name of a folder");
  expect_message(place.run({"run", "./data"}), 2, "data: is no regular file");
  expect_message(place.run({"summary", "--norm", "bacth"}), 2, "the nearest known is \"batch\"");
  expect_message(place.run({"summary", "--norm", "GN", "--groups", "3"}), 2,
                 "3 groups do not divide its 8 channels; choose one of 1, 2, 4, 8");
  expect_message(place.run({"summary", "--groups", "0"}), 2,
                 "--groups 0: norm.groups must be a whole number from 1 to 4096, not 0");
  expect_message(place.run({"run", "--resume", "out", "--epochs", "3"}), 2, "--resume goes on");
  EXPECT_FALSE(place.has("out"));
  EXPECT_FALSE(place.has("runs"));
}

TEST(Usage, MistakesInFilesEndWith2AndNameThePlace) {
  const Workplace place;
  place.write("bad.toml", "[train]\nepochs = \"ten\"\n");
  expect_message(
      place.run({"run", "bad.toml"}), 2,
      "bad.toml:2:10: train.epochs must be a whole number from 1 to 1000000, not \"ten\"");
  place.write("bad.toml", "[train]\nepohcs = 10\n");
  expect_message(place.run({"run", "bad.toml"}), 2, "bad.toml:2:1: unknown key train.epohcs");
  place.write("bad.toml", "[train\n");
  expect_message(place.run({"run", "bad.toml"}), 2, "bad.toml:1:7: no valid TOML");
  for (const std::string name : {"..", "a/b", "a  b", ".hidden", "", "results.json"}) {
    place.write("bad.toml", "[[run]]\nname = \"" + name + "\"\n");
    expect_message(place.run({"run", "bad.toml"}), 2, "bad.toml:2:8: \"" + name + "\"");
  }
  place.write("bad.toml", std::string("\xff\xfe\0", 3));
  expect_message(place.run({"run", "bad.toml"}), 2, "bad.toml:1:1: no valid TOML");
  expect_message(place.run(place.run_arguments("out", {"--set", "model.file=session6"})), 2, "28");
  expect_message(place.run(place.run_arguments("out", {"--set", "norm.groups=3"})), 2,
                 "first_norm");
  expect_message(place.run(place.run_arguments("out", {"--set", "model.file=nowhere"})), 2,
                 "nowhere");
  EXPECT_FALSE(place.has("out"));
  EXPECT_FALSE(place.has("runs"));
}

TEST(Usage, ATildeIsHomeInAFolderOfData) {
  const Workplace place;
  const Outcome outcome =
      run_in_shell(place.path(),
                   "HOME=\"$PWD\" \"$0\" train --data '~/data/' --model ./tiny.toml --epochs 1 "
                   "--no-report --out out");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(place.read("out/experiment.toml").find((place / "data").string()), std::string::npos);
}

#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // which take all memory there is
TEST(Usage, ThreadsThatCannotBeStartedAreNoReasonToHang) {
  const Workplace place;
  const Outcome outcome =
      run_in_shell(place.path(), "ulimit -v 3000000; \"$0\" evaluate --model none --threads 1000");
  expect_message(outcome, 1, " of 1000 threads could be started");
  expect_message(outcome, 1, "take fewer: --threads ");
}
#endif

TEST(Usage, NoNameSpeaksToTheTerminal) {
  const Workplace place;
  place.write("bad.toml", "[[run]]\nname = \"a\\u0000b\\u001b[2J\"\n");
  expect_message(place.run({"run", "bad.toml"}), 2, "bad.toml:2:8: \"a?b?[2J\"");
}

TEST(Usage, WhatTheSystemRefusesIsNamed) {
  const Workplace place;
  std::filesystem::create_directory_symlink(place / "loop", place / "loop");
  for (const std::string command : {"report", "compare", "collect", "verify"}) {
    const Outcome outcome = place.run({command, "loop"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("loop"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find("filesystem error"), std::string::npos) << outcome.err;
  }
}

TEST(Usage, WhatIsMissingOrDamagedEndsWith1) {
  const Workplace place;
  expect_message(place.run(place.run_arguments("out", {"--set", "data.name=nowhere/"})), 1,
                 "nowhere");
  expect_message(place.run({"run", "--resume", "nowhere"}), 1, "no run of normlab is there");
  expect_message(place.run({"report", "nowhere"}), 1, "nowhere: no such folder");
  expect_message(place.run({"report", "data"}), 1, "no results.json in it");
  expect_message(place.run({"evaluate", "--model", "nowhere"}), 1, "nowhere");
  std::string images = place.read("data/train-images-idx3-ubyte");
  images.resize(images.size() - 1);
  place.write("data/train-images-idx3-ubyte", images);
  expect_message(place.run(place.run_arguments("out")), 1, "train-images-idx3-ubyte");
  EXPECT_FALSE(place.has("out"));
}

TEST(Usage, ALabelOutsideTheClassesIsNamed) {
  const Workplace place;
  std::string labels = place.read("data/t10k-labels-idx1-ubyte");
  labels[8 + 50] = 7;
  place.write("data/t10k-labels-idx1-ubyte", labels);
  expect_message(place.run(place.run_arguments("out")), 2,
                 "tells 3 classes apart, but " + (place / "data/").string() +
                     " has 8: test image 50 is labelled 7");
  EXPECT_FALSE(place.has("out"));
}

TEST(Usage, OutputThatDoesNotArriveIsAFailure) {
  const Workplace place;
  for (const std::string arguments : {"info", "info --keys", "--help", "data list", "summary"}) {
    const Outcome outcome = run_in_shell(place.path(), "\"$0\" " + arguments + " >/dev/full");
    expect_message(outcome, 1, "");
  }
}

TEST(Usage, WhatIsPrintedDoesNotEndUpInFilesWhenTheOutputIsClosed) {
  const Workplace place;
  const Outcome outcome = run_in_shell(
      place.path(), "\"$0\" run tiny-experiment.toml --no-report --out out <&- >&- 2>&-");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(place.read("out/.lock"), "");
  EXPECT_TRUE(place.has("out/GN/model.safetensors"));
}

TEST(Summary, IsByteForByteWhatUsersExpect) {
  const Workplace place;
  const Outcome batch = place.run({"summary", "--norm", "BN"});
  EXPECT_EQ(batch.exit_code, 0) << batch.err;
  EXPECT_EQ(batch.out, read_text_file(NORMLAB_TEST_DATA "/summary-bn.txt"));
  const Outcome group = place.run({"summary", "--norm", "GN", "--groups", "4"});
  EXPECT_EQ(group.exit_code, 0) << group.err;
  EXPECT_EQ(group.out, read_text_file(NORMLAB_TEST_DATA "/summary-gn.txt"));
}

TEST(Info, NamesInstructionSetsThreadsAndVersions) {
  const Workplace place;
  const Outcome info = place.run({"info"});
  EXPECT_EQ(info.exit_code, 0) << info.err;
  for (const std::string part :
       {"instruction sets ", "threads ", "highway ", "CLI11 ", "commit "}) {
    EXPECT_NE(info.out.find(part), std::string::npos) << info.out;
  }
  const Outcome keys = place.run({"info", "--keys"});
  EXPECT_EQ(keys.exit_code, 0) << keys.err;
  EXPECT_NE(read_text_file(NORMLAB_SOURCE_DIR "/docs/experiment-files.md").find(keys.out),
            std::string::npos);
}

}  // namespace
}  // namespace normlab
