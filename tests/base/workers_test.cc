#include "normlab/base/workers.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "normlab/base/error.h"

namespace normlab {
namespace {

TEST(Workers, RunEveryItemOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    Workers workers(threads);
    for (const int items : {0, 1, 2, 5, 100}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<int> done(static_cast<std::size_t>(items), 0);
        workers.for_each(items, [&](int item, int worker) {
          ASSERT_GE(worker, 0);
          ASSERT_LT(worker, threads);
          ++done[static_cast<std::size_t>(item)];
        });
        EXPECT_EQ(done, std::vector<int>(static_cast<std::size_t>(items), 1));
      }
    }
  }
}

TEST(Workers, PassOnAnExceptionAndGoOnWorking) {
  Workers workers(3);
  EXPECT_THROW(workers.for_each(10,
                                [](int item, int) {
                                  if (item == 4) throw Error("four");
                                }),
               Error);
  std::atomic<int> sum = 0;
  workers.for_each(5, [&](int item, int) { sum += item; });
  EXPECT_EQ(sum, 10);
}

TEST(Workers, RefuseATeamOfNone) {
  EXPECT_THROW(Workers(0), UsageError);
  EXPECT_THROW(Workers(-3), UsageError);
}

}  // namespace
}  // namespace normlab
