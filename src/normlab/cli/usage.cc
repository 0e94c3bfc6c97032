#include "normlab/cli/usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  return options;
}

bool has_option(const CLI::App& command, const std::string& name) {
  const std::vector<std::string> options = options_of(command);
  return std::find(options.begin(), options.end(), name) != options.end();
}

// Names of all commands from `app` down that have the option.
void find_owners(std::vector<std::string>& owners, const CLI::App& app, const std::string& name) {
  if (has_option(app, name)) owners.push_back(whole_name(app));
  for (const CLI::App* command : app.get_subcommands({})) find_owners(owners, *command, name);
}

// "; the nearest is --epochs", or nothing if none is near enough to have been meant.
std::string nearest_text(const std::string& word, const std::vector<std::string>& known) {
  const std::string nearest = nearest_name(word, known);
  const std::size_t letters = word.size() - std::min(word.find_first_not_of('-'), word.size());
  const auto distance = static_cast<std::size_t>(spelling_distance(word, nearest));
  return 2 * distance <= letters ? fmt::format("; the nearest is {}", nearest) : "";
}

std::string explain_unknown_option(const CLI::App& app, const CLI::App& command,
                                   const std::string& option) {
  // It stood before the command's name, as nothing else leaves out one that the command has.
  if (has_option(command, option)) {
    return fmt::format("{0} belongs after the command: {1} {0}", option, whole_name(command));
  }
  std::vector<std::string> owners;
  find_owners(owners, app, option);
  if (!owners.empty()) {
    return fmt::format("{} has no option {}, but {} {}", whole_name(command), option,
                       fmt::join(owners, ", "), owners.size() == 1 ? "has" : "have");
  }
  return fmt::format("unknown option {}{}", option, nearest_text(option, options_of(command)));
}

std::string explain_unknown_command(const CLI::App& command, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* each : command.get_subcommands({})) names.push_back(each->get_name());
  if (names.empty()) return fmt::format("{} does not take {}", whole_name(command), word);
  return fmt::format("unknown command {}{}", word, nearest_text(word, names));
}

}  // namespace

std::string explain_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = innermost(app);
  const std::string help = whole_name(command) + " --help";
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return fmt::format("{}. See: {}", error.what(), help);
  // "--seedz" of "--seedz=3"
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  return fmt::format("{}. See: {}",
                     word.starts_with("-") ? explain_unknown_option(app, command, word)
                                           : explain_unknown_command(command, unknown.front()),
                     help);
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
