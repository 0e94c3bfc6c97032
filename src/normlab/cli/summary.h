// normlab summary: the layers of a network as a table.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_summary_command(CLI::App& app);

}  // namespace normlab
