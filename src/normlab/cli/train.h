// normlab train: one run, from flags.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_train_command(CLI::App& app);

}  // namespace normlab
