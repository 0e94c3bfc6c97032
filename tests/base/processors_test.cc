#include "normlab/base/processors.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace normlab {
namespace {

std::vector<int> share(const std::vector<int>& processors, int job, int jobs, int threads) {
  const auto shared = share_of(processors, job, jobs, threads);
  return {shared.begin(), shared.end()};
}

TEST(Processors, EachJobHasItsOwn) {
  const std::vector<int> processors = {0, 2, 3, 7, 8, 9};
  EXPECT_EQ(share(processors, 0, 6, 1), (std::vector{0}));
  EXPECT_EQ(share(processors, 5, 6, 1), (std::vector{9}));
  EXPECT_EQ(share(processors, 0, 3, 2), (std::vector{0, 2}));
  EXPECT_EQ(share(processors, 2, 3, 2), (std::vector{8, 9}));
}

TEST(Processors, TheSystemChoosesWhereJobsLeaveSomeOrWantMore) {
  const std::vector<int> processors = {0, 1, 2, 3};
  EXPECT_TRUE(share(processors, 0, 3, 1).empty());
  EXPECT_TRUE(share(processors, 0, 5, 1).empty());
  EXPECT_TRUE(share({}, 0, 1, 1).empty());
}

TEST(Processors, AThreadStaysAndSoDoThoseThatItStarts) {
  const std::vector<int> all = available_processors();
  ASSERT_FALSE(all.empty());
  const std::vector<int> last = {all.back()};
  std::vector<int> own;
  std::vector<int> inherited;
  std::thread([&] {
    stay_on(last);
    own = available_processors();
    std::thread([&] { inherited = available_processors(); }).join();
    stay_on({});  // nothing is no order to stay nowhere
  }).join();
  EXPECT_EQ(own, last);
  EXPECT_EQ(inherited, last);
  EXPECT_EQ(available_processors(), all);
}

}  // namespace
}  // namespace normlab
