// How report.html looks.
#pragma once

namespace normlab {

extern const char* const kPageStyle;

}  // namespace normlab
