// A fixed team of threads that share out the tiles of a batch.
//
// OpenMP would do, but GCC's libgomp is not instrumented for the thread sanitizer, which then
// reports every barrier as a race; this team is standard C++, and the sanitizer sees through it.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace normlab {

class Workers {
 public:
  // A team of `threads` workers; the calling thread is worker 0. Throws UsageError if threads < 1,
  // Error if the system does not let so many start.
  explicit Workers(int threads);
  ~Workers();

  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // Calls work(item, worker) once for every item in [0, items) and returns when all are done. Each
  // worker begins with a share of its own, the same in every call with as many items, so that it
  // finds in its cache what it left there; then it helps the others. So which worker gets which
  // item is left to chance: results must not depend on it. If calls throw, the exception of one of
  // them is thrown here after all have ended.
  void for_each(int items, const std::function<void(int item, int worker)>& work);

 private:
  void dismiss();  // those that wait for work end; the destructors of the threads wait for that
  void serve(int worker, const std::stop_token& stop);
  void take_items(int worker);

  // The items [next, end) that a worker begins with; each on a cache line of its own.
  struct alignas(64) Share {
    std::atomic<int> next{0};
    int end = 0;
  };

  const std::function<void(int, int)>* work_ = nullptr;
  std::vector<Share> shares_;  // [workers]
  std::atomic<int> busy_{0};
  std::atomic<std::uint32_t> round_{0};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;  // last: joined before the rest is destroyed
};

// The number of threads that the machine offers this process.
int available_threads();

}  // namespace normlab
