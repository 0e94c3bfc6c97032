// normlab evaluate: loss and accuracy of a trained network.
#pragma once

#include <CLI/CLI.hpp>

namespace normlab {

void add_evaluate_command(CLI::App& app);

}  // namespace normlab
