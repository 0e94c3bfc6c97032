// The [sweep] of an experiment file.
#include "normlab/experiment/sweep.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "expect_error.h"
#include "normlab/base/error.h"
#include "normlab/experiment/experiment.h"
#include "normlab/experiment/keys.h"

namespace normlab {
namespace {

Experiment parse(const std::string& text, const std::vector<std::string>& sets = {}) {
  std::vector<Override> overrides;
  for (const std::string& set : sets) overrides.push_back(parse_override(set));
  return parse_experiment(text, "x.toml", overrides);
}

std::vector<std::string> names(const Experiment& experiment) {
  std::vector<std::string> list;
  for (const RunSettings& run : experiment.runs) list.push_back(run.name);
  return list;
}

std::string sweep_complaint(const std::string& text, const std::vector<std::string>& sets = {}) {
  return message_of<UsageError>([&] { parse(text, sets); });
}

using Names = std::vector<std::string>;

TEST(Sweep, MultipliesTheRunsAndChangesSeedsSlowest) {
  const Experiment experiment = parse(R"(
[sweep]
train.seed = "3..4"
train.batch_size = [2, 8]
[[run]]
name = "GN"
norm.kind = "group"
[[run]]
name = "BN"
)");
  EXPECT_EQ(names(experiment),
            (Names{"GN batch_size=2 seed 3", "GN batch_size=8 seed 3", "BN batch_size=2 seed 3",
                   "BN batch_size=8 seed 3", "GN batch_size=2 seed 4", "GN batch_size=8 seed 4",
                   "BN batch_size=2 seed 4", "BN batch_size=8 seed 4"}));
  EXPECT_TRUE(experiment.is_sweep());
  const RunSettings& run = experiment.runs[5];
  EXPECT_EQ(run.arm, "GN batch_size=8");
  EXPECT_EQ(run.norm.kind, NormKind::kGroup);
  EXPECT_EQ(run.recipe.batch_size, 8);
  EXPECT_EQ(run.recipe.seed, 4u);
  EXPECT_EQ(folder_of(run.name), "GN-batch_size=8-seed-4");
}

TEST(Sweep, RunsWithoutARunAreNamedByTheirValues) {
  EXPECT_EQ(names(parse("[sweep]\nnorm.kind = [\"batch\", \"group\"]\nl1.lambda = [0, 0.009]\n")),
            (Names{"batch l1=0", "batch l1=0.009", "group l1=0", "group l1=0.009"}));
  EXPECT_EQ(names(parse("norm.kind = \"layer\"\n[sweep]\nl1.lambda = [0.5]\n")),
            (Names{"LN l1=0.5"}));
  EXPECT_EQ(names(parse("[sweep]\ntrain.seed = [7]\n")), (Names{"BN seed 7"}));
  // Two keys are called momentum.
  EXPECT_EQ(names(parse("[sweep]\nnorm.momentum = [0.5]\noptimizer.momentum = [0.25]\n")),
            (Names{"BN norm.momentum=0.5 optimizer.momentum=0.25"}));
  EXPECT_EQ(
      names(parse("[sweep]\nschedule.milestones = [[2, 9], []]\naugment.enabled = [false]\n")),
      (Names{"BN augment=false milestones=(2_9)", "BN augment=false milestones=()"}));
  // A run's folder is no file.
  EXPECT_EQ(names(parse("[sweep]\nmodel.file = [\"nets/a b.toml\", \"lenet5\"]\n")),
            (Names{"BN model=nets_a_b", "BN model=lenet5"}));
}

TEST(Sweep, WithoutSeedsARunIsItsOwnArm) {
  const Experiment experiment = parse("[sweep]\nnorm.kind = [\"batch\", \"group\"]\n");
  EXPECT_EQ(experiment.runs[1].arm, "group");
  EXPECT_EQ(experiment.runs[1].name, "group");
  EXPECT_FALSE(parse("").is_sweep());
}

TEST(Sweep, PointsHoldValuesThatGoTogether) {
  const Experiment experiment = parse(R"(
[sweep]
norm.kind = ["batch", "group"]
[[sweep.point]]
name = "batch 2"
train.batch_size = 2
schedule.learning_rate = 0.001
[[sweep.point]]
train.batch_size = 8
schedule.learning_rate = 0.004
)");
  EXPECT_EQ(names(experiment),
            (Names{"batch 2 batch", "batch 2 group", "batch_size=8 learning_rate=0.004 batch",
                   "batch_size=8 learning_rate=0.004 group"}));
  EXPECT_EQ(experiment.runs[3].recipe.batch_size, 8);
  EXPECT_DOUBLE_EQ(experiment.runs[3].recipe.schedule.learning_rate, 0.004);
  EXPECT_DOUBLE_EQ(experiment.runs[0].recipe.schedule.learning_rate, 0.001);
}

TEST(Sweep, EveryKeyCanBeSwept) {
  const RunSettings defaults;
  for (const ExperimentKey& key : experiment_keys()) {
    const std::string value = key.write(defaults);
    const std::string list = value.empty() ? (key.is_text            ? "[\"a\"]"
                                              : key.type == "number" ? "[0.5]"
                                                                     : "[5]")
                                           : "[" + value + "]";
    if (key.name == "data.mean" || key.name == "data.std") {
      EXPECT_EQ(parse("[sweep]\ndata.mean = [[0.5]]\ndata.std = [[0.25]]\n").runs.size(), 1u);
      continue;
    }
    EXPECT_EQ(parse(fmt::format("[sweep]\n{} = {}\n", key.name, list)).runs.size(), 1u) << key.name;
  }
}

TEST(Sweep, TheCommandLineReplacesAndAddsLists) {
  const std::string text = "[sweep]\ntrain.seed = \"1..30\"\nnorm.kind = [\"batch\", \"layer\"]\n";
  EXPECT_EQ(names(parse(text, {"sweep.train.seed=2..3"})),
            (Names{"batch seed 2", "layer seed 2", "batch seed 3", "layer seed 3"}));
  EXPECT_EQ(names(parse("", {"sweep.norm.kind=[\"none\", \"group\"]"})), (Names{"none", "group"}));
  EXPECT_EQ(sweep_complaint(text, {"train.seed=2"}),
            "--set train.seed=2: train.seed has a list in [sweep]; replace that one: --set "
            "sweep.train.seed=");
  EXPECT_EQ(sweep_complaint(text, {"sweep.train.sed=[2]"}),
            "--set sweep.train.sed=[2]: unknown key train.sed; the nearest known key is train.seed "
            "(all: normlab info --keys)");
}

TEST(Sweep, TheCompleteTextGivesTheSameRunsAndHoldsTheNetworkOnce) {
  std::string text = "[sweep]\ntrain.seed = \"1..40\"\nl1.lambda = [0, 0.009]\n";
  text += "[[run]]\nname = \"GN\"\nnorm.kind = \"group\"\n[[run]]\nname = \"LN\"\n";
  text += "norm.kind = \"layer\"\n";
  Experiment experiment = parse(text);
  ASSERT_EQ(experiment.runs.size(), 160u);
  const std::string network = resolve_model(experiment.runs[0], {}).text;
  for (RunSettings& run : experiment.runs) {
    run.model_text = network;
    run.model_file.clear();
  }
  const std::string complete = format_experiment(experiment);
  EXPECT_LT(complete.size(), 20000u);
  const Experiment again = parse_experiment(complete, "again.toml");
  EXPECT_EQ(format_experiment(again), complete);
  ASSERT_EQ(again.runs.size(), experiment.runs.size());
  for (std::size_t i = 0; i < again.runs.size(); ++i) {
    EXPECT_EQ(again.runs[i].name, experiment.runs[i].name);
    EXPECT_EQ(again.runs[i].arm, experiment.runs[i].arm);
    for (const ExperimentKey& key : experiment_keys()) {
      EXPECT_EQ(key.write(again.runs[i]), key.write(experiment.runs[i])) << key.name;
    }
  }
}

TEST(Sweep, MistakesAreNamedWithTheirPlace) {
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.batchsize = [2]\n"),
            "x.toml:2:7: unknown key train.batchsize; the nearest known key is train.batch_size");
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.batch_size = []\n"),
            "x.toml:2:20: train.batch_size is an empty list; give it values");
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.batch_size = [2, \"8\"]\n"),
            "x.toml:2:24: train.batch_size must be a whole number from 1 to 65536, not \"8\"");
  EXPECT_EQ(sweep_complaint("[sweep]\nnorm.kind = [\"batch\", \"grop\"]\n").substr(0, 70),
            "x.toml:2:23: unknown norm.kind \"grop\"; the nearest known is \"group\" (a");
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.batch_size = 2\n"),
            "x.toml:2:20: train.batch_size must be a list of values such as [1, 2] or [\"a\", "
            "\"b\"], or whole numbers from and to such as \"1..30\", not 2");
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.seed = \"3..1\"\n"),
            "x.toml:2:14: train.seed must be a list of values such as [1, 2] or [\"a\", \"b\"], or "
            "whole numbers from and to such as \"1..30\", not \"3..1\"");
  EXPECT_EQ(
      sweep_complaint("[sweep]\ntrain.seed = \"-9223372036854775808..9223372036854775807\"\n"),
      "x.toml:2:14: train.seed has 18446744073709551615 values; at most 10000 are possible");
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.seed = \"-1..2\"\n"),
            "x.toml:2:14: train.seed must be a whole number of at least 0, not -1");
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.seed = \"1..5000\"\nl1.lambda = [0, 1, 2]\n"),
            "x.toml:1:1: that makes 15000 runs; at most 10000 are possible");
  EXPECT_EQ(sweep_complaint("[sweep]\ntrain.seed = [1, 2, 1]\n"),
            "x.toml:2:21: \"seed 1\" comes twice; its runs would have one name");
  EXPECT_EQ(sweep_complaint("[sweep]\n"),
            "x.toml:1:1: [sweep] is empty; give it lists, such as train.seed = [1, 2]");
  EXPECT_EQ(sweep_complaint("sweep = 3\n"), "x.toml:1:9: sweep must be a table of keys, not 3");
  EXPECT_EQ(sweep_complaint("[sweep]\nnorm.kind = [\"batch\"]\n[[run]]\nnorm.kind = \"group\"\n"),
            "x.toml:4:13: norm.kind has a list in [sweep], too; leave one out");
  EXPECT_EQ(sweep_complaint("[sweep]\nl1.lambda = [0]\n[[sweep.point]]\nl1.lambda = 1\n"),
            "x.toml:2:13: l1.lambda is in a [[sweep.point]], too; leave one out");
  // A file and a text both say what the whole network is.
  EXPECT_EQ(sweep_complaint("[sweep]\nmodel.file = [\"fast\"]\nmodel.text = [\"x\"]\n"),
            "x.toml:3:14: model.file and model.text have lists; they exclude each other");
  EXPECT_EQ(sweep_complaint("[[sweep.point]]\nmodel.file = \"fast\"\nmodel.text = \"x\"\n"),
            "x.toml:2:14: model.file and model.text exclude each other; leave one out");
  EXPECT_EQ(
      sweep_complaint("[sweep]\nmodel.text = [\"x\"]\n[[sweep.point]]\nmodel.file = \"fast\"\n"),
      "x.toml:2:14: the network is in a [[sweep.point]], too; leave one out");
  EXPECT_EQ(sweep_complaint("[sweep]\nmodel.file = [\"fast\"]\n[[run]]\nmodel.text = \"x\"\n"),
            "x.toml:4:14: model.text has a list in [sweep], too; leave one out");
  EXPECT_EQ(
      sweep_complaint("[[sweep.point]]\nl1.lambda = 1\n", {"l1.lambda=2"}),
      "--set l1.lambda=2: l1.lambda is in each [[sweep.point]]; change it there, or take a copy "
      "of the file without them");
  EXPECT_EQ(sweep_complaint("[[sweep.point]]\ntrain.seed = 1\n"),
            "x.toml:2:14: the seed cannot be of a point; give [sweep] a list, train.seed = [1, 2]");
  EXPECT_EQ(sweep_complaint("[[sweep.point]]\nname = \"a\"\n"),
            "x.toml:1:1: a [[sweep.point]] needs at least one key");
  EXPECT_EQ(sweep_complaint("[[sweep.point]]\nname = \"a/b\"\nl1.lambda = 1\n"),
            "x.toml:1:1: \"BN a/b\" cannot be the name of a folder; use up to 120 letters, digits, "
            "single blanks and + - _ . = ( )");
  EXPECT_EQ(sweep_complaint("[sweep]\nl1.lambda = [0, -1]\n"),
            "x.toml:2:17: l1.lambda must be a number from 0 to 1e+30, not -1");
  EXPECT_EQ(sweep_complaint("[sweep]\ndata.name = [\"mnist\", \"kmnist\"]\n"),
            "x.toml:1:1: all runs of an experiment have the same data, or their results could not "
            "be compared; run BN data=mnist has mnist");
}

// Two ways to write one number are no two arms.
TEST(Sweep, MinusZeroIsZero) {
  EXPECT_EQ(names(parse("[sweep]\nl1.lambda = [-0.0, 0.5]\n")), (Names{"BN l1=0", "BN l1=0.5"}));
  EXPECT_EQ(sweep_complaint("[sweep]\nl1.lambda = [0, -0.0]\n"),
            "x.toml:2:17: \"l1=0\" comes twice; its runs would have one name");
}

TEST(Sweep, NamesThatGiveOneFolderAreRefused) {
  EXPECT_EQ(sweep_complaint("[[run]]\nname = \"a b\"\n[[run]]\nname = \"a-b\"\n"),
            "x.toml:4:8: another run is called a-b already; give each [[run]] a name of its own");
}

}  // namespace
}  // namespace normlab
