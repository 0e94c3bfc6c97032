// Time of a piece of work on a machine that does other things too.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "normlab/base/workers.h"

namespace normlab::bench {

inline double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// How many calls take about 2 ms, which the clock resolves to a part in 10^4 and a scheduler seldom
// cuts; at least one.
int calls_of_a_round(const std::function<void()>& call);

// Seconds of one call: the fastest of `rounds` counts, because whatever else the machine does can
// only add to a round.
double best_seconds(const std::function<void()>& call, int rounds = 45);

// What was measured in turns with the peak of the same workers' multiply-adds.
struct Share {
  double seconds = 0;          // of one call, the best of all
  double peak = 0;             // GFLOP/s, the best of all
  std::vector<double> shares;  // of the peak, one per group of rounds
};

// The share of the peak that a call with `operations` multiplications and additions reaches. Rounds
// of calls and of multiply-adds from registers take turns, so that both meet the same clock
// frequency and the same neighbours; of each group of rounds the best of either counts.
Share share_of_peak(const std::function<void()>& call, double operations, Workers& workers,
                    int groups = 7, int rounds = 6);

}  // namespace normlab::bench
