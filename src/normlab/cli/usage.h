// What to say of a command line that cannot be read.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace normlab {

// One or two lines: what is wrong, the nearest known command or option if a word is unknown, and
// where the help is.
std::string explain_usage(const CLI::App& app, const CLI::ParseError& error);

// Makes every option of every command refuse an empty value: "$OUT" that is not set must not mean
// the default.
void refuse_empty_values(CLI::App& app);

}  // namespace normlab
