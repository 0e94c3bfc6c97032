// Time of a piece of work on a machine that does other things too.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

namespace normlab::bench {

inline double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Seconds of one call. Calls are counted out so that a round of them takes about 2 ms, which the
// clock resolves to a part in 10^4 and a scheduler seldom cuts; the fastest of `rounds` counts,
// because whatever else the machine does can only add to a round.
inline double best_seconds(const std::function<void()>& call, int rounds = 45) {
  constexpr double kRoundSeconds = 0.002;
  int calls = 1;
  const auto round = [&] {
    for (int i = 0; i < calls; ++i) call();
  };
  double seconds = seconds_of(round);
  while (seconds < kRoundSeconds / 2) {
    calls *= 2;
    seconds = seconds_of(round);
  }
  for (int i = 0; i < rounds; ++i) seconds = std::min(seconds, seconds_of(round));
  return seconds / calls;
}

}  // namespace normlab::bench
