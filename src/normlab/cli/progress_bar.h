// A bar for live lines.
#pragma once

#include <string>

#include "normlab/cli/terminal.h"

namespace normlab {

// `share` of a bar of `width` columns, in eighths of a column where the terminal can; elsewhere
// in brackets, two columns wider.
std::string progress_bar(double share, int width, const Terminal& terminal);

}  // namespace normlab
