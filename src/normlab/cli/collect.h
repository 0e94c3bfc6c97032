// normlab collect DIR: the results of an experiment that several processes train.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_collect_command(CLI::App& app);

}  // namespace normlab
