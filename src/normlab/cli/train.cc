#include "normlab/cli/train.h"

#include <memory>

#include "normlab/cli/train_and_report.h"
#include "normlab/formats/toml_reader.h"
#include "normlab/nn/norm.h"

namespace normlab {
namespace {

struct TrainOptions {
  std::string norm = "batch";
  std::string name = "train";
  bool no_augmentation = false;
  TrainingOptions training;
};

void train(const TrainOptions& options) {
  std::vector<Override> overrides = {
      {"name", toml_string(options.name), "--name " + options.name},
      {"norm.kind", to_string(parse_norm_kind(options.norm)), "--norm " + options.norm}};
  if (options.no_augmentation) {
    overrides.push_back({"augment.enabled", "false", "--no-augmentation"});
  }
  for (Override& each : overrides_of(options.training)) overrides.push_back(std::move(each));
  train_and_report(parse_experiment("", "command-line", overrides), {}, options.training);
}

}  // namespace

void add_train_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train one network");
  const auto options = std::make_shared<TrainOptions>();
  TrainingOptions& training = options->training;
  const auto key = [&](const char* flag, const char* name, const char* help) {
    add_key_option(*command, training, flag, name, help);
  };
  command->add_option("--norm", options->norm, norm_names() + " (norm.kind)")
      ->capture_default_str();
  key("--groups", "norm.groups", "Of channels, for group norm and EvoNorm");
  key("--data", "data.name", "Data set, or a folder of IDX files");
  key("--model", "model.file", "Network: session6, lenet5, colour32, record, fast or a file");
  key("--l1", "l1.lambda", "Penalty: lambda * sum |p|");
  key("--batch-size", "train.batch_size", "Images in a step");
  key("--learning-rate", "schedule.learning_rate", "At the start; one-cycle: the highest");
  key("--schedule", "schedule.kind", "constant, step, multi-step, cosine or one-cycle");
  key("--momentum", "optimizer.momentum", "Of stochastic gradient descent");
  key("--weight-decay", "optimizer.weight_decay", "Times the parameter, added to its gradient");
  key("--dropout", "model.dropout", "Probability of every dropout layer");
  command->add_flag("--no-augmentation", options->no_augmentation,
                    "Take the training images as they are");
  command->add_option("--name", options->name, "Of the folder in runs/")->capture_default_str();
  add_training_options(*command, training);
  command->footer(
      "Example:\n"
      "  normlab train --norm gn --groups 4 --epochs 5 --learning-rate 0.02");
  command->callback([options] { train(*options); });
}

}  // namespace normlab
