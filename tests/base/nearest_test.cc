#include "normlab/base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace normlab {
namespace {

TEST(Nearest, DistanceCountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(spelling_distance("norm", "norm"), 0);
  EXPECT_EQ(spelling_distance("Norm", "nORM"), 0);
  EXPECT_EQ(spelling_distance("norm", "norms"), 1);
  EXPECT_EQ(spelling_distance("norm", "nrm"), 1);
  EXPECT_EQ(spelling_distance("norm", "nork"), 1);
  EXPECT_EQ(spelling_distance("norm", "nomr"), 1);
  EXPECT_EQ(spelling_distance("", "norm"), 4);
  EXPECT_EQ(spelling_distance("kitten", "sitting"), 3);
}

TEST(Nearest, FindsTheMisspeltAndTheUnprefixed) {
  const std::vector<std::string> known = {"train.epochs", "train.batch_size", "l1.lambda",
                                          "schedule.learning_rate"};
  EXPECT_EQ(nearest_name("l1.lamda", known), "l1.lambda");
  EXPECT_EQ(nearest_name("epochs", known), "train.epochs");
  EXPECT_EQ(nearest_name("train.learning_rate", known), "schedule.learning_rate");
  EXPECT_EQ(nearest_name("anything", {}), "");
  const std::vector<std::string> arms = {"GN l1=0.009", "GN l1=0", "BN l1=0.009", "BN l1=0"};
  EXPECT_EQ(nearest_name("BN", arms), "BN l1=0");
  EXPECT_EQ(nearest_name("BN l1=.009", arms), "BN l1=0.009");
}

}  // namespace
}  // namespace normlab
