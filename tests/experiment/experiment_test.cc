#include "normlab/experiment/experiment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "expect_error.h"
#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/experiment/key_tables.h"
#include "normlab/experiment/keys.h"
#include "normlab/experiment/shipped.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

std::string complaint_about(const std::string& text) {
  return message_of<UsageError>([&] { parse_experiment(text, "x.toml"); });
}

std::string complaint_about_override(const std::string& assignment) {
  return message_of<UsageError>(
      [&] { parse_experiment("", "x.toml", {parse_override(assignment)}); });
}

// A value other than the default for each key, so that a key that is read or written into the wrong
// place is seen.
const std::vector<std::pair<std::string, std::string>> kOtherValues = {
    {"data.name", "\"kmnist\""},
    {"data.mean", "[0.25, 0.5]"},
    {"data.std", "[0.125, 2]"},
    {"data.validation", "5000"},
    {"augment.enabled", "false"},
    {"augment.brightness", "0.25"},
    {"augment.contrast", "0.375"},
    {"augment.rotation", "11"},
    {"augment.shift", "2.5"},
    {"augment.scale", "0.125"},
    {"augment.fill", "255"},
    {"model.file", "\"lenet5.toml\""},
    {"model.text", "'''\nname = \"m\"\n'''"},
    {"model.dropout", "0.75"},
    {"norm.kind", "\"instance\""},
    {"norm.groups", "8"},
    {"norm.eps", "0.001"},
    {"norm.momentum", "0.01"},
    {"norm.affine", "false"},
    {"norm.placement", "\"before\""},
    {"norm.weight_standardization", "true"},
    {"norm.alpha", "0.75"},
    {"norm.r_max", "1.5"},
    {"norm.d_max", "0.5"},
    {"norm.virtual_batch", "48"},
    {"l1.lambda", "0.009"},
    {"l1.scope", "\"weights\""},
    {"train.epochs", "3"},
    {"train.batch_size", "17"},
    {"train.seed", "9223372036854775807"},
    {"train.shuffle", "false"},
    {"train.convolution", "\"direct\""},
    {"chance.initialisation", "0"},
    {"chance.order", "5"},
    {"chance.augmentation", "6"},
    {"chance.dropout", "7"},
    {"optimizer.momentum", "0.5"},
    {"optimizer.nesterov", "true"},
    {"optimizer.weight_decay", "0.0005"},
    {"schedule.kind", "\"one-cycle\""},
    {"schedule.learning_rate", "0.3"},
    {"schedule.step", "5"},
    {"schedule.milestones", "[2, 9]"},
    {"schedule.gamma", "0.7"},
    {"schedule.minimum", "1e-05"},
    {"schedule.warmup_share", "0.2"},
    {"schedule.initial_divisor", "12"},
    {"schedule.final_divisor", "300"},
};

TEST(ExperimentKeys, EachIsReadAndWrittenAsItWas) {
  std::set<std::string> tested;
  for (const auto& [name, value] : kOtherValues) {
    const std::string partner = name == "data.mean"  ? "data.std = [1, 1]\n"
                                : name == "data.std" ? "data.mean = [0, 0]\n"
                                                     : "";
    const Experiment experiment = parse_experiment(partner + name + " = " + value + "\n", "x.toml");
    const RunSettings defaults;
    for (const ExperimentKey& key : experiment_keys()) {
      if (key.name == name) {
        EXPECT_EQ(key.write(experiment.runs[0]), value);
        EXPECT_NE(key.write(defaults), value) << name << ": the test needs another value";
      } else if (key.name.substr(0, 5) != name.substr(0, 5)) {
        EXPECT_EQ(key.write(experiment.runs[0]), key.write(defaults))
            << name << " changed " << key.name;
      }
    }
    tested.insert(name);
  }
  for (const ExperimentKey& key : experiment_keys()) {
    EXPECT_TRUE(tested.contains(key.name)) << key.name << " has no test";
  }
}

TEST(ExperimentKeys, TheDocumentedTableIsTheOneInUse) {
  const std::string page = read_text_file(NORMLAB_SOURCE_DIR "/docs/experiment-files.md");
  const std::string mark = "differ -->\n\n";
  const auto begin = page.find(mark);
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(page.substr(begin + mark.size()), document_keys())
      << "write the new table with: normlab info --keys";
}

TEST(Experiment, Session6IsTheThreeClassicRuns) {
  const ShippedFile file = find_text("experiments", "session6");
  const Experiment experiment = parse_experiment(file.text, file.path);
  EXPECT_EQ(experiment.name, "session6");
  ASSERT_EQ(experiment.runs.size(), 3u);
  EXPECT_EQ(experiment.runs[0].name, "GN");
  EXPECT_EQ(experiment.runs[0].norm.kind, NormKind::kGroup);
  EXPECT_EQ(experiment.runs[0].norm.groups, 4);
  EXPECT_EQ(experiment.runs[1].name, "LN");
  EXPECT_EQ(experiment.runs[1].norm.kind, NormKind::kLayer);
  EXPECT_EQ(experiment.runs[2].name, "BN+L1");
  EXPECT_EQ(experiment.runs[2].norm.kind, NormKind::kBatch);
  for (const RunSettings& run : experiment.runs) {
    const Recipe& recipe = run.recipe;
    EXPECT_FLOAT_EQ(recipe.l1, run.name == "BN+L1" ? 0.009f : 0.0f);
    EXPECT_EQ(recipe.l1_scope, L1Scope::kAll);
    EXPECT_EQ(recipe.epochs, 15);
    EXPECT_EQ(recipe.batch_size, 128);
    EXPECT_EQ(recipe.seed, 1u);
    EXPECT_TRUE(recipe.shuffle);
    EXPECT_FLOAT_EQ(recipe.momentum, 0.9f);
    EXPECT_FLOAT_EQ(recipe.weight_decay, 0.0f);
    EXPECT_EQ(recipe.schedule.kind, ScheduleKind::kStep);
    EXPECT_DOUBLE_EQ(recipe.schedule.learning_rate, 0.01);
    EXPECT_EQ(recipe.schedule.step_epochs, 4);
    EXPECT_DOUBLE_EQ(recipe.schedule.gamma, 0.1);
    EXPECT_TRUE(recipe.augment.enabled);
    EXPECT_FLOAT_EQ(recipe.augment.brightness, 0.1f);
    EXPECT_FLOAT_EQ(recipe.augment.contrast, 0.1f);
    EXPECT_FLOAT_EQ(recipe.augment.rotation_degrees, 7.0f);
    EXPECT_EQ(recipe.augment.fill, 1);
    EXPECT_EQ(recipe.mean, std::vector<float>{0.1307f});
    EXPECT_EQ(recipe.std, std::vector<float>{0.3081f});
    EXPECT_FLOAT_EQ(norm_eps(run.norm), 1e-5f);
    EXPECT_FLOAT_EQ(run.norm.momentum, 0.1f);
    EXPECT_EQ(resolve_model(run, {}).name, "session6");
  }
}

TEST(Experiment, RecordHasFewerThan8000ParametersAnd30Seeds) {
  const ShippedFile file = find_text("experiments", "record");
  const Experiment experiment = parse_experiment(file.text, file.path);
  ASSERT_EQ(experiment.runs.size(), 30u);
  std::set<std::uint64_t> seeds;
  for (const RunSettings& run : experiment.runs) {
    EXPECT_LT(build_network(run).parameter_values().size(), 8000u);
    EXPECT_EQ(run.validation, 0);  // trains on all images
    EXPECT_EQ(run.arm, experiment.runs.front().arm);
    seeds.insert(run.recipe.seed);
  }
  EXPECT_EQ(seeds.size(), 30u);
}

// What bench/fast.py times is one training.
TEST(Experiment, FastIsOneRunOnAllTrainingImages) {
  const ShippedFile file = find_text("experiments", "fast");
  const Experiment experiment = parse_experiment(file.text, file.path);
  ASSERT_EQ(experiment.runs.size(), 1u);
  EXPECT_EQ(experiment.runs[0].validation, 0);
  EXPECT_EQ(build_network(experiment.runs[0]).parameter_values().size(), 8754u);
}

TEST(Experiment, AllShippedOnesAreReadAndRepeatedByTheirCompleteText) {
  int experiments = 0;
  for (const ShippedFile& file : shipped_files()) {
    if (!file.path.starts_with("experiments/")) continue;
    const Experiment experiment = parse_experiment(file.text, file.path);
    const std::string complete = format_experiment(experiment);
    const Experiment again = parse_experiment(complete, "complete.toml");
    EXPECT_EQ(format_experiment(again), complete);
    EXPECT_EQ(again.name, experiment.name);
    ASSERT_EQ(again.runs.size(), experiment.runs.size());
    for (std::size_t i = 0; i < again.runs.size(); ++i) {
      EXPECT_EQ(again.runs[i].name, experiment.runs[i].name);
      for (const ExperimentKey& key : experiment_keys()) {
        EXPECT_EQ(key.write(again.runs[i]), key.write(experiment.runs[i])) << key.name;
      }
      EXPECT_FALSE(resolve_model(again.runs[i], {}).layers.empty());
    }
    ++experiments;
  }
  EXPECT_GE(experiments, 3);
}

TEST(Experiment, TheCompleteTextHoldsTheNetwork) {
  Experiment experiment = parse_experiment("", "mine.toml");
  RunSettings& run = experiment.runs[0];
  run.model_text = resolve_model(run, {}).text;
  run.model_file.clear();
  const Experiment again = parse_experiment(format_experiment(experiment), "again.toml");
  EXPECT_EQ(resolve_model(again.runs[0], {}).text, run.model_text);
}

TEST(Experiment, ARunOverridesTheTopAndTheCommandLineOverridesBoth) {
  const std::string text = R"(
[train]
epochs = 5
seed = 3
[[run]]
name = "a"
[[run]]
name = "b"
train.epochs = 7
)";
  const Experiment plain = parse_experiment(text, "x.toml");
  EXPECT_EQ(plain.runs[0].recipe.epochs, 5);
  EXPECT_EQ(plain.runs[1].recipe.epochs, 7);
  EXPECT_EQ(plain.runs[1].recipe.seed, 3u);
  const Experiment changed = parse_experiment(
      text, "x.toml", {parse_override("train.epochs=2"), parse_override("norm.kind = layer")});
  for (const RunSettings& run : changed.runs) {
    EXPECT_EQ(run.recipe.epochs, 2);
    EXPECT_EQ(run.norm.kind, NormKind::kLayer);
  }
}

TEST(Experiment, RunsWithoutANameAreCalledAfterTheirNorm) {
  EXPECT_EQ(parse_experiment("norm.kind = \"group\"", "x.toml").runs[0].name, "GN");
  const Experiment two =
      parse_experiment("[[run]]\nl1.lambda = 0.1\n[[run]]\nnorm.kind = \"none\"\n", "x.toml");
  EXPECT_EQ(two.runs[0].name, "BN+L1");
  EXPECT_EQ(two.runs[1].name, "none");
  EXPECT_EQ(parse_experiment("", "folder/x.toml").name, "x");
}

TEST(Experiment, AMisspeltKeyIsAnsweredWithItsLineAndTheNearest) {
  EXPECT_EQ(complaint_about("name = \"x\"\n[train]\nepocs = 3\n"),
            "x.toml:3:1: unknown key train.epocs; the nearest known key is train.epochs");
  EXPECT_EQ(complaint_about("[[run]]\nnorm.kind = \"batch\"\nl1.lamda = 0.1\n"),
            "x.toml:3:4: unknown key l1.lamda; the nearest known key is l1.lambda");
  EXPECT_EQ(complaint_about("epochs = 3\n"),
            "x.toml:1:1: unknown key epochs; the nearest known key is train.epochs");
  EXPECT_EQ(complaint_about("[trian]\nepochs = 3\n"),
            "x.toml:1:2: unknown key trian; the nearest known key is train");
  EXPECT_EQ(complaint_about_override("train.epoch=3"),
            "--set train.epoch=3: unknown key train.epoch; the nearest known key is train.epochs "
            "(all: normlab info --keys)");
}

TEST(Experiment, BadValuesAreAnsweredWithLineAndColumn) {
  EXPECT_EQ(complaint_about("[train]\nepochs = \"ten\"\n"),
            "x.toml:2:10: train.epochs must be a whole number from 1 to 1000000, not \"ten\"");
  EXPECT_EQ(complaint_about("[train]\nepochs = 0\n"),
            "x.toml:2:10: train.epochs must be a whole number from 1 to 1000000, not 0");
  EXPECT_EQ(complaint_about("[train]\nepochs = 1.5\n"),
            "x.toml:2:10: train.epochs must be a whole number from 1 to 1000000, not 1.5");
  EXPECT_EQ(complaint_about("train = 5\n"), "x.toml:1:9: train must be a table of keys, not 5");
  EXPECT_EQ(complaint_about("[schedule]\nlearning_rate = nan\n"),
            "x.toml:2:17: schedule.learning_rate must be a number above 0 and of at most 1e+30, "
            "not nan");
  // What would be 1 in the experiment.toml of the run, and refused there.
  EXPECT_EQ(complaint_about("optimizer.momentum = 0.99999999\n"),
            "x.toml:1:22: optimizer.momentum must be a number of at least 0 and below 1, and "
            "0.99999999 is 1 in single precision");
  EXPECT_NE(complaint_about("model.dropout = 0.99999999\n").find("is 1 in single"),
            std::string::npos);
  EXPECT_NE(complaint_about("norm.alpha = 1e-50\n").find("is 0 in single"), std::string::npos);
  EXPECT_NE(complaint_about("data.mean = [0]\ndata.std = [1e-50]\n").find("is 0 in single"),
            std::string::npos);
  EXPECT_EQ(complaint_about("[norm]\nkind = \"bacth\"\n"),
            "x.toml:2:8: unknown norm.kind \"bacth\"; the nearest known is \"batch\" (all: none, "
            "batch, layer, group, instance, rms, layer-element, layer2d, dyt, filter-response, "
            "evonorm-s0, batch-renorm, ghost-batch)");
  EXPECT_EQ(complaint_about_override("train.epochs=ten"),
            "--set train.epochs=ten: train.epochs must be a whole number from 1 to 1000000, not "
            "\"ten\"");
  EXPECT_EQ(complaint_about_override("train.epochs"),
            "--set train.epochs: key=value is needed, such as train.epochs=3");
  EXPECT_TRUE(complaint_about("[train\nepochs = 3\n").starts_with("x.toml:1:7: no valid TOML: "))
      << complaint_about("[train\nepochs = 3\n");
}

// The parser would take a part of the stack for each part of the key.
TEST(Experiment, AnEndlessKeyIsRefusedWhateverStandsBetweenItsParts) {
  const auto repeated = [](std::string_view part) {
    std::string text;
    for (int i = 0; i < 40000; ++i) text += part;
    return text;
  };
  for (const std::string_view part :
       {"a.", "'='.", "\"=\".", "\",\".", "\"\\\"=\".", "\"#\".", "'\\'."}) {
    EXPECT_EQ(complaint_about(repeated(part) + "b = 1\n"),
              "x.toml: no valid TOML: a key of more than 1000 parts")
        << part;
  }
  // A text's end may hold quotes of its own.
  EXPECT_EQ(complaint_about("name = [\"\"\"a\"\"\"\", {" + repeated("a.") + "b = 1}]\n"),
            "x.toml: no valid TOML: a key of more than 1000 parts");
  const std::string dots = repeated(".");
  EXPECT_EQ(parse_experiment("# " + dots + "\nname = \"x\"\n", "x.toml").name, "x");
  for (const char* quotes : {"\"", "'", "\"\"\"", "\'\'\'"}) {
    const std::string refused =
        complaint_about("[train]\nepochs = " + (quotes + dots) + quotes + "\n");
    EXPECT_EQ(refused.find("x.toml:2:10: train.epochs must be a whole number"), 0u)
        << refused.substr(0, 100);
  }
}

TEST(Experiment, ValuesThatDoNotGoTogetherAreRefused) {
  EXPECT_EQ(complaint_about("[[run]]\nname = \"a\"\n[[run]]\nname = \"a\"\n"),
            "x.toml:4:8: another run is called a already; give each [[run]] a name of its own");
  EXPECT_EQ(complaint_about("schedule.kind = \"multi-step\"\n"),
            "x.toml: run BN: schedule.kind = \"multi-step\" needs schedule.milestones, such as [8, "
            "12]");
  EXPECT_EQ(complaint_about("schedule.milestones = [4, 2]\n"),
            "x.toml: run BN: schedule.milestones must ascend");
  EXPECT_EQ(complaint_about("optimizer = {nesterov = true, momentum = 0}\n"),
            "x.toml: run BN: optimizer.nesterov needs an optimizer.momentum above 0");
  EXPECT_EQ(complaint_about("data.mean = [0.5]\n"),
            "x.toml: run BN: data.mean has 1 values and data.std 0; one of each for every channel");
  EXPECT_EQ(
      complaint_about("[[run]]\nname = \"a\"\n[[run]]\nname = \"b\"\ndata.name = \"kmnist\"\n"),
      "x.toml:5:13: all runs of an experiment have the same data, or their results could not "
      "be compared; run a has mnist");
  EXPECT_EQ(complaint_about("model.file = \"a\"\nmodel.text = \"b\"\n"),
            "x.toml:1:14: model.file and model.text exclude each other; leave one out");
}

TEST(Experiment, NamesThatCannotBeFoldersAreRefused) {
  for (const std::string name : {"", "..", "a/b", ".hidden", "-x", "a  b", " a", "a ", "a\\nb"}) {
    const std::string message = complaint_about(fmt::format("[[run]]\nname = \"{}\"\n", name));
    EXPECT_TRUE(message.starts_with("x.toml:2:8: \"")) << message;
    EXPECT_NE(message.find("cannot be the name of a folder"), std::string::npos) << message;
  }
}

TEST(Shipped, AFileBesideTheExperimentIsNoShippedOne) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "session6.toml", std::string_view("name = \"mine\"\n"));
  EXPECT_EQ(find_text("models", "session6.toml", folder.path()).text, "name = \"mine\"\n");
  EXPECT_EQ(find_text("models", "session6", folder.path()).path, "models/session6.toml");
}

TEST(Shipped, ANameThatIsNoneIsAnsweredWithTheNearest) {
  const std::string message = message_of<UsageError>([] { find_text("experiments", "sesion6"); });
  EXPECT_TRUE(
      message.starts_with("\"sesion6\": no such file, and none of the experiments that come "
                          "with normlab is called so; the nearest is session6 (all: "))
      << message;
}

}  // namespace
}  // namespace normlab
