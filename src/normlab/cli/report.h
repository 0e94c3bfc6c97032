// normlab report
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

// Adds the command; its work is done in a callback, which throws the errors of normlab.
void add_report_command(CLI::App& app);

}  // namespace normlab
