// normlab verify RUN_DIR: repeats what an experiment left and says whether the bits are the same.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_verify_command(CLI::App& app);

}  // namespace normlab
