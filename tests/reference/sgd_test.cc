#include "reference/sgd.h"

#include <gtest/gtest.h>

namespace normlab::reference {
namespace {

struct State {
  std::vector<double> p = {2, -4, 0};
  std::vector<double> v = {10, 20, 30};

  void step(const Sgd& options) { sgd_step(p, v, std::vector<double>{1, 1, 1}, options); }
};

TEST(SgdReference, WorkedByHand) {
  State plain;
  plain.step({.learning_rate = 0.5});
  EXPECT_EQ(plain.p, (std::vector<double>{1.5, -4.5, -0.5}));
  EXPECT_EQ(plain.v, (std::vector<double>{1, 1, 1}));

  State momentum;
  momentum.step({.learning_rate = 0.5, .momentum = 0.5});
  EXPECT_EQ(momentum.v, (std::vector<double>{6, 11, 16}));
  EXPECT_EQ(momentum.p, (std::vector<double>{-1, -9.5, -8}));

  State nesterov;
  nesterov.step({.learning_rate = 0.5, .momentum = 0.5, .nesterov = true});
  EXPECT_EQ(nesterov.v, (std::vector<double>{6, 11, 16}));
  EXPECT_EQ(nesterov.p, (std::vector<double>{0, -7.25, -4.5}));

  State decay;
  decay.step({.learning_rate = 0.5, .weight_decay = 0.25});
  EXPECT_EQ(decay.v, (std::vector<double>{1.5, 0, 1}));

  State l1;
  l1.step({.learning_rate = 0.5, .l1 = 0.25});
  EXPECT_EQ(l1.v, (std::vector<double>{1.25, 0.75, 1}));
}

}  // namespace
}  // namespace normlab::reference
