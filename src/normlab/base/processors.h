// Which processors a thread runs on.
#pragma once

#include <span>
#include <vector>

namespace normlab {

// The numbers of the processors that this thread may run on; empty if the system does not say.
std::vector<int> available_processors();

// Keeps the calling thread, and the threads that it starts from here on, on these processors. A
// system that refuses is left to its own choice: results do not depend on it.
void stay_on(std::span<const int> processors);

}  // namespace normlab
