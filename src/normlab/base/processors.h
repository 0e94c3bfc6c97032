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

// The share of one of `jobs` jobs of `threads` threads, where all of the processors together are in
// use; else none, and the system chooses: others beside these jobs would be put on the same ones.
std::span<const int> share_of(std::span<const int> processors, int job, int jobs, int threads);

}  // namespace normlab
