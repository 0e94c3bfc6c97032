// The keys of experiment files as people read them: the end of docs/experiment-files.md.
#pragma once

#include <string>

namespace normlab {

// Markdown: one table per section, with type, default and meaning.
std::string document_keys();

}  // namespace normlab
