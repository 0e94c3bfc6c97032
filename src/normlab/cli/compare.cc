#include "normlab/cli/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "normlab/base/error.h"
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

// CLI11 takes -1 and numbers without end for the largest that there is.
std::string whole_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole ? "" : fmt::format("must be a whole number, not {}", text);
}

// Whether an earlier comparison wrote this file.
bool is_comparison(const std::filesystem::path& path) {
  const auto json =
      nlohmann::json::parse(read_text_file(path), nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("compared");
}

// The folders are only read, so no file of theirs may be lost to a slip of the keyboard.
void require_own_place(const std::filesystem::path& json,
                       const std::vector<std::filesystem::path>& folders) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(json, error);
  if (!std::filesystem::exists(status)) return;
  if (!std::filesystem::is_regular_file(status)) {
    throw UsageError(fmt::format("--json {}: is no file; name one to write", json.string()));
  }
  const std::filesystem::path place = std::filesystem::weakly_canonical(json, error);
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path whole = std::filesystem::weakly_canonical(folder, error);
    const auto parted = std::mismatch(whole.begin(), whole.end(), place.begin(), place.end());
    if (parted.first != whole.end() || is_comparison(json)) continue;
    throw UsageError(fmt::format("--json {}: is a file of {}, which is only read; name another",
                                 json.string(), folder.string()));
  }
}

void compare(const CompareOptions& options) {
  const std::vector<std::filesystem::path> folders(options.folders.begin(), options.folders.end());
  if (!options.json.empty()) require_own_place(options.json, folders);
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
      ->check(whole_number)
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
