#include "normlab/cli/usage.h"

#include <fmt/format.h>

#include <vector>

#include "normlab/base/nearest.h"

namespace normlab {
namespace {

// The command that was being read when it went wrong.
const CLI::App& innermost(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands()) return innermost(*command);
  return app;
}

// "normlab data fetch"
std::string whole_name(const CLI::App& command) {
  const CLI::App* const parent = command.get_parent();
  return parent == nullptr ? command.get_name()
                           : fmt::format("{} {}", whole_name(*parent), command.get_name());
}

std::vector<std::string> known_words(const CLI::App& command, bool options) {
  std::vector<std::string> words;
  if (options) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames())
        words.push_back(fmt::format("--{}", name));
    }
  } else {
    for (const CLI::App* each : command.get_subcommands({})) words.push_back(each->get_name());
  }
  return words;
}

}  // namespace

std::string explain_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = innermost(app);
  const std::string help = whole_name(command) + " --help";
  const std::vector<std::string> unknown = app.remaining(true);
  if (!unknown.empty()) {
    const std::string nearest =
        nearest_name(unknown.front(), known_words(command, unknown.front().starts_with("-")));
    if (!nearest.empty()) {
      return fmt::format("unknown {} {}; the nearest is {}. See: {}",
                         unknown.front().starts_with("-") ? "option" : "command", unknown.front(),
                         nearest, help);
    }
  }
  return fmt::format("{}. See: {}", error.what(), help);
}

void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* const option : app.get_options()) {
    if (option->get_items_expected_max() == 0) continue;  // a flag
    option->check(
        [](const std::string& value) {
          return value.empty() ? std::string("is empty; give a value or leave it out")
                               : std::string();
        },
        "");
  }
  for (CLI::App* const command : app.get_subcommands({})) refuse_empty_values(*command);
}

}  // namespace normlab
