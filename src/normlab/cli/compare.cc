#include "normlab/cli/compare.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "normlab/base/file.h"
#include "normlab/report/arms.h"
#include "normlab/report/comparison.h"
#include "normlab/report/comparison_json.h"
#include "normlab/report/comparison_tables.h"

namespace normlab {
namespace {

struct CompareOptions {
  std::vector<std::string> folders;
  std::string json;
  ComparisonOptions comparison;
};

void compare(const CompareOptions& options) {
  const std::vector<std::filesystem::path> folders(options.folders.begin(), options.folders.end());
  const Comparison comparison = compare_arms(gather_arms(folders), options.comparison);
  if (!options.json.empty()) {
    write_file_atomically(options.json, comparison_json(comparison, options.comparison));
  }
  fmt::print("{}", comparison_text(comparison));
}

}  // namespace

void add_compare_command(CLI::App& app) {
  CLI::App* const command = app.add_subcommand(
      "compare", "Say which arm is better, and whether that is more than chance");
  const auto options = std::make_shared<CompareOptions>();
  command
      ->add_option(
          "DIR", options->folders,
          "Folders of experiments, or of single runs in them; they are only read. Runs that "
          "differ in nothing but their seed are one arm")
      ->required()
      ->type_name("");
  command
      ->add_option("--against", options->comparison.against,
                   "Compare each arm with this one alone, not with each other")
      ->type_name("ARM");
  command->add_option("--json", options->json, "Write all of it to this file as well")
      ->type_name("FILE");
  command
      ->add_option("--seed", options->comparison.seed,
                   "Of the bootstrap and of permutations that are drawn")
      ->capture_default_str()
      ->type_name("N");
  command->footer(
      "What is compared is the last epoch's test accuracy, never the best epoch's.\n"
      "Examples:\n"
      "  normlab compare runs/latest\n"
      "  normlab compare runs/wide runs/narrow --against GN --json compared.json\n"
      "  normlab compare runs/latest/GN runs/latest/LN");
  command->callback([options] { compare(*options); });
}

}  // namespace normlab
