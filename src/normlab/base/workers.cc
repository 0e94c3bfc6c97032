#include "normlab/base/workers.h"

#include <fmt/core.h>
#include <sched.h>

#include <algorithm>
#include <system_error>

#include "normlab/base/error.h"

namespace normlab {
namespace {

// A pass over the tiles of a batch takes about a millisecond and the next one follows at once, so a
// worker looks for new work for some microseconds before it goes to sleep.
constexpr int kSpins = 4000;

template <class T>
void wait_while_equal(const std::atomic<T>& value, T old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

Workers::Workers(int threads) : shares_(static_cast<std::size_t>(std::max(0, threads))) {
  if (threads < 1) throw UsageError("the number of threads must be at least 1");
  try {
    for (int worker = 1; worker < threads; ++worker) {
      threads_.emplace_back([this, worker](const std::stop_token& stop) { serve(worker, stop); });
    }
  } catch (const std::system_error& error) {
    const int started = size();
    dismiss();
    throw Error(fmt::format("only {} of {} threads could be started ({}); take fewer: --threads {}",
                            started, threads, error.code().message(), started));
  }
}

Workers::~Workers() { dismiss(); }

void Workers::dismiss() {
  for (auto& thread : threads_) thread.request_stop();
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
}

void Workers::for_each(int items, const std::function<void(int, int)>& work) {
  work_ = &work;
  failure_ = nullptr;
  for (int worker = 0; worker < size(); ++worker) {
    Share& share = shares_[static_cast<std::size_t>(worker)];
    share.next.store(items * worker / size(), std::memory_order_relaxed);
    share.end = items * (worker + 1) / size();
  }
  if (!threads_.empty() && items > 1) {
    busy_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    take_items(0);
    for (int busy = busy_.load(std::memory_order_acquire); busy != 0;
         busy = busy_.load(std::memory_order_acquire)) {
      wait_while_equal(busy_, busy);
    }
  } else {
    take_items(0);
  }
  if (failure_) std::rethrow_exception(failure_);
}

void Workers::serve(int worker, const std::stop_token& stop) {
  std::uint32_t seen = 0;
  for (;;) {
    wait_while_equal(round_, seen);
    ++seen;
    if (stop.stop_requested()) return;
    take_items(worker);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

void Workers::take_items(int worker) {
  try {
    for (int other = 0; other < size(); ++other) {
      Share& share = shares_[static_cast<std::size_t>((worker + other) % size())];
      for (int item; (item = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
        (*work_)(item, worker);
      }
    }
  } catch (...) {
    for (Share& share : shares_) share.next.store(share.end, std::memory_order_relaxed);
    const std::scoped_lock lock(failure_mutex_);
    if (!failure_) failure_ = std::current_exception();
  }
}

int available_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace normlab
