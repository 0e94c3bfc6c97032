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

double multiply_add_peak(Workers& workers) {
  // 1 * sum + 1, 2^18 times: exact in float, also when 16 lanes are added up, so a wrong count or
  // a lost sum shows.
  constexpr int kCount = 1 << 18;
  volatile float one = 1.0f;  // or the compiler would know the answer
  const int lanes = HWY_DYNAMIC_DISPATCH(lanes_of_body)();
  const int threads = workers.size();
  std::vector<double> totals(static_cast<std::size_t>(threads));
  const double seconds = best_seconds(
      [&] {
        workers.for_each(threads, [&](int item, int) {
          totals[static_cast<std::size_t>(item)] =
              HWY_DYNAMIC_DISPATCH(multiply_adds)(kCount, one, one);
        });
      },
      100);
  const double expected = static_cast<double>(kCount) * kSums * lanes;
  for (const double total : totals) {
    if (total != expected) throw Error("the multiply-adds of the peak measurement are wrong");
  }
  return 2.0 * expected * threads / seconds / 1e9;
}

double copy_bandwidth(Workers& workers) {
  constexpr std::size_t kBytes = std::size_t{1} << 26;  // per worker, read and written
  const auto threads = static_cast<std::size_t>(workers.size());
  std::vector<std::vector<char>> from(threads, std::vector<char>(kBytes, 'x'));
  std::vector<std::vector<char>> to(threads, std::vector<char>(kBytes));
  const double seconds = best_seconds([&] {
    workers.for_each(workers.size(), [&](int item, int) {
      const auto i = static_cast<std::size_t>(item);
      std::memcpy(to[i].data(), from[i].data(), kBytes);
    });
  });
  if (to != from) throw Error("the copies of the bandwidth measurement are wrong");
  return 2.0 * static_cast<double>(kBytes * threads) / seconds / 1e9;
}

}  // namespace normlab::bench
#endif  // HWY_ONCE
