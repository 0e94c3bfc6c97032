// normlab info: what this program was built with and what this machine offers.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_info_command(CLI::App& app);

}  // namespace normlab
