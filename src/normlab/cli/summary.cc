#include "normlab/cli/summary.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "normlab/experiment/experiment.h"
#include "normlab/nn/norm.h"
#include "normlab/nn/summary.h"

namespace normlab {
namespace {

struct SummaryOptions {
  std::string model = "session6";
  std::string norm = "batch";
  std::string groups = fmt::format("{}", Norm{}.groups);
};

void print_summary(const SummaryOptions& options) {
  const Experiment experiment = parse_experiment(
      "", "command-line",
      {{"model.file", options.model, "--model " + options.model},
       {"norm.kind", to_string(parse_norm_kind(options.norm)), "--norm " + options.norm},
       {"norm.groups", options.groups, "--groups " + options.groups}});
  fmt::print("{}", summary(build_network(experiment.runs.front())));
}

}  // namespace

void add_summary_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("summary", "Show the layers of a network");
  const auto options = std::make_shared<SummaryOptions>();
  command->add_option("--model", options->model, "A network's file, or one that comes with normlab")
      ->capture_default_str();
  command->add_option("--norm", options->norm, norm_names())->capture_default_str();
  command->add_option("--groups", options->groups, "Of channels, for group norm and EvoNorm")
      ->capture_default_str();
  command->footer("Example:\n  normlab summary --norm GN --groups 4");
  command->callback([options] { print_summary(*options); });
}

}  // namespace normlab
