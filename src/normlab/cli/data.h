// normlab data list | fetch | verify
#pragma once

#include <CLI/CLI.hpp>

#include "normlab/data/fetch.h"

namespace normlab {

// Adds the command; its work is done in callbacks, which throw the errors of normlab.
void add_data_command(CLI::App& app);

// Fetching that says on standard error what goes on, with a progress bar where that is a terminal.
FetchOptions fetch_aloud();

}  // namespace normlab
