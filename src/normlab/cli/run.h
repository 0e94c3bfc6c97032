// normlab run [FILE]: the runs of an experiment file, one after the other, and their report.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_run_command(CLI::App& app);

}  // namespace normlab
