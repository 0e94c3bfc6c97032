#include "machine.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "normlab/base/error.h"
#include "timing.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "machine.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace normlab::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Full = hn::ScalableTag<float>;

// Enough independent sums for two units of four cycles' latency, and few enough for 16 registers.
constexpr int kSums = 12;

int lanes_of_body() { return static_cast<int>(hn::Lanes(Full())); }

// Each sum becomes sum * factor + term, `count` times over; returns the sum of all lanes of all.
// The kernels' widest vector is a tile of 16 floats, which is the widest of the machines here.
double multiply_adds(int count, float factor, float term) {
  const Full d;
  const auto factors = hn::Set(d, factor);
  const auto terms = hn::Set(d, term);
  hn::Vec<Full> sums[kSums];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (int i = 0; i < count; ++i) {
#pragma GCC unroll 12
    for (int s = 0; s < kSums; ++s) sums[s] = hn::MulAdd(sums[s], factors, terms);
  }
  double total = 0;
  for (const auto& sum : sums) total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
  return total;
}

}  // namespace normlab::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab::bench {
namespace {

HWY_EXPORT(lanes_of_body);
HWY_EXPORT(multiply_adds);
constexpr int kSums = 12;

}  // namespace

double multiply_add_rate(Workers& workers) {
  // 1 * sum + 1 so often: exact in float, also when 16 lanes are added up, so a wrong count or a
  // lost sum shows. About 1 ms on one thread; longer on many, which take a while to wake.
  const int threads = workers.size();
  const int count = threads == 1 ? 1 << 18 : 1 << 20;
  volatile float one = 1.0f;  // or the compiler would know the answer
  std::vector<double> totals(static_cast<std::size_t>(threads));
  const double seconds = seconds_of([&] {
    workers.for_each(threads, [&](int item, int) {
      totals[static_cast<std::size_t>(item)] = HWY_DYNAMIC_DISPATCH(multiply_adds)(count, one, one);
    });
  });
  const double expected =
      static_cast<double>(count) * kSums * HWY_DYNAMIC_DISPATCH(lanes_of_body)();
  for (const double total : totals) {
    if (total != expected) throw Error("the multiply-adds of the peak measurement are wrong");
  }
  return 2.0 * expected * threads / seconds / 1e9;
}

double multiply_add_peak(Workers& workers) {
  double peak = 0;
  for (int round = 0; round < 50; ++round) peak = std::max(peak, multiply_add_rate(workers));
  return peak;
}

double copy_bandwidth(Workers& workers, std::size_t bytes) {
  const auto threads = static_cast<std::size_t>(workers.size());
  std::vector<std::vector<char>> from(threads, std::vector<char>(bytes, 'x'));
  std::vector<std::vector<char>> to(threads, std::vector<char>(bytes));
  // Small arrays so often that the team's waking up does not show.
  const std::size_t times = std::max<std::size_t>(1, kInMemory / 4 / bytes);
  const double seconds = best_seconds([&] {
    workers.for_each(workers.size(), [&](int item, int) {
      const auto i = static_cast<std::size_t>(item);
      for (std::size_t time = 0; time < times; ++time) {
        std::memcpy(to[i].data(), from[i].data(), bytes);
      }
    });
  });
  if (to != from) throw Error("the copies of the bandwidth measurement are wrong");
  return 2.0 * static_cast<double>(bytes * times * threads) / seconds / 1e9;
}

}  // namespace normlab::bench
#endif  // HWY_ONCE
