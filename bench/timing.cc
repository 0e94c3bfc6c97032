#include "timing.h"

#include <algorithm>

#include "machine.h"

namespace normlab::bench {

int calls_of_a_round(const std::function<void()>& call) {
  constexpr double kRoundSeconds = 0.002;
  int calls = 1;
  for (;;) {
    const double seconds = seconds_of([&] {
      for (int i = 0; i < calls; ++i) call();
    });
    if (seconds >= kRoundSeconds / 2) return calls;
    calls *= 2;
  }
}

double best_seconds(const std::function<void()>& call, int rounds) {
  const int calls = calls_of_a_round(call);
  double seconds = 1e30;
  for (int round = 0; round < rounds; ++round) {
    seconds = std::min(seconds, seconds_of([&] {
                         for (int i = 0; i < calls; ++i) call();
                       }));
  }
  return seconds / calls;
}

Share share_of_peak(const std::function<void()>& call, double operations, Workers& workers,
                    int groups, int rounds) {
  const int calls = calls_of_a_round(call);
  Share result;
  result.seconds = 1e30;
  for (int group = 0; group < groups; ++group) {
    double seconds = 1e30;
    double peak = 0;
    for (int round = 0; round < rounds; ++round) {
      peak = std::max(peak, multiply_add_rate(workers));
      seconds = std::min(seconds, seconds_of([&] {
                                    for (int i = 0; i < calls; ++i) call();
                                  }) / calls);
    }
    result.seconds = std::min(result.seconds, seconds);
    result.peak = std::max(result.peak, peak);
    result.shares.push_back(operations / seconds / 1e9 / peak);
  }
  return result;
}

}  // namespace normlab::bench
