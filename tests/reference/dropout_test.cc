#include "reference/dropout.h"

#include <gtest/gtest.h>

namespace normlab::reference {
namespace {

TEST(DropoutReference, WorkedByHand) {
  Array4<double> x(1, 2, 1, 2);
  x.values = {1, 2, 3, 4};
  EXPECT_EQ(dropout(x, {true, false, false, true}, 0.5).values, (std::vector<double>{2, 0, 0, 8}));
  EXPECT_EQ(dropout2d(x, {false, true}, 0.75).values, (std::vector<double>{0, 0, 12, 16}));
}

}  // namespace
}  // namespace normlab::reference
