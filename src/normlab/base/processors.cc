#include "normlab/base/processors.h"

#include <sched.h>

#include <cstddef>

namespace normlab {

std::vector<int> available_processors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(static_cast<std::size_t>(processor), &set)) processors.push_back(processor);
  }
  return processors;
}

void stay_on(std::span<const int> processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int processor : processors) CPU_SET(static_cast<std::size_t>(processor), &set);
  if (!processors.empty()) sched_setaffinity(0, sizeof set, &set);
}

std::span<const int> share_of(std::span<const int> processors, int job, int jobs, int threads) {
  const auto each = static_cast<std::size_t>(threads);
  if (processors.size() != static_cast<std::size_t>(jobs) * each) return {};
  return processors.subspan(static_cast<std::size_t>(job) * each, each);
}

}  // namespace normlab
