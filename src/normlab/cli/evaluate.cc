#include "normlab/cli/evaluate.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string>

#include "normlab/base/error.h"
#include "normlab/base/text.h"
#include "normlab/cli/data.h"
#include "normlab/cli/engine_options.h"
#include "normlab/data/load.h"
#include "normlab/train/evaluate.h"
#include "normlab/train/model_file.h"

namespace normlab {
namespace {

struct EvaluateOptions {
  std::string model;
  std::string data;  // empty: what the model was trained on
  std::string split = "test";
  EngineOptions engine;
};

void print_evaluation(const EvaluateOptions& options) {
  use_engine_options(options.engine);
  Workers workers(options.engine.threads);
  const LoadedModel model = load_model_file(options.model);
  for (const std::string& remark : model.remarks) fmt::print(stderr, "{}\n", remark);
  const std::string name = options.data.empty() ? model.info.dataset : options.data;
  LoadOptions load;
  load.fetching = fetch_aloud();
  const Dataset data = load_dataset(name, options.split, load);
  const Evaluation result = evaluate(model.network, data, model.info.scale, workers);
  if (!std::isfinite(result.loss)) {
    throw Error(
        fmt::format("{}: the loss is {} on these images, so that nothing can be said of "
                    "them. Is the file of a run that diverged, or was it changed?",
                    options.model, result.loss));
  }
  fmt::print("network   {}, {}, {} parameters\n", model.network.model().name,
             describe_in_sentence(model.network.options().norm),
             with_thousands(static_cast<std::int64_t>(model.network.parameter_values().size())));
  fmt::print("data      {}, {}, {} images\n", name, options.split, with_thousands(result.samples));
  fmt::print("loss      {:.6f}\n", result.loss);
  fmt::print("accuracy  {:.2f} % ({} of {})\n", result.accuracy, with_thousands(result.correct),
             with_thousands(result.samples));
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("evaluate", "Score a trained network on a data set");
  const auto options = std::make_shared<EvaluateOptions>();
  command->add_option("--model", options->model, "model.safetensors of a run")
      ->required()
      ->type_name("FILE");
  command->add_option("--data", options->data,
                      "Data set, or a folder of IDX files (default: what it was trained on)");
  command->add_option("--split", options->split, "train or test")->capture_default_str();
  add_engine_options(*command, options->engine);
  command->footer("Example:\n  normlab evaluate --model runs/latest/GN/model.safetensors");
  command->callback([options] { print_evaluation(*options); });
}

}  // namespace normlab
