// normlab compare DIR...: which arm is better, and whether that is more than chance.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_compare_command(CLI::App& app);

}  // namespace normlab
