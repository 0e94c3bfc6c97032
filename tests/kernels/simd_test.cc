#include "normlab/kernels/simd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "kernels/batch_norm_problem.h"
#include "kernels/conv2d_functions.h"
#include "kernels/conv2d_problem.h"
#include "kernels/group_norm_problem.h"
#include "kernels/instruction_sets.h"
#include "kernels/log_softmax_problem.h"
#include "kernels/norm_max_pool_problem.h"
#include "kernels/pool2d_problem.h"
#include "normlab/base/error.h"
#include "normlab/kernels/relu.h"
#include "normlab/kernels/scale.h"

namespace normlab {
namespace {

TEST(InstructionSets, ThereIsAtLeastOneAndTheFirstIsTheDefault) {
  ASSERT_FALSE(available_instruction_sets().empty());
  use_instruction_set("");
  EXPECT_EQ(instruction_set(), available_instruction_sets().front());
}

TEST(InstructionSets, TheOneAskedForRuns) {
  for (const std::string& name : available_instruction_sets()) {
    const InstructionSetScope scope(name);
    EXPECT_EQ(instruction_set(), name);
    // The list does not shrink while one is forced.
    EXPECT_GE(std::ranges::count(available_instruction_sets(), name), 1);
    EXPECT_EQ(available_instruction_sets().front(),
              (use_instruction_set(""), available_instruction_sets().front()));
    use_instruction_set(name);
  }
}

TEST(InstructionSets, NamesAreUnderstoodInAnyCase) {
  for (const std::string& name : available_instruction_sets()) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const InstructionSetScope scope(lower);
    EXPECT_EQ(instruction_set(), name);
  }
}

TEST(InstructionSets, AnUnknownNameIsRefusedWithAList) {
  const std::string before = instruction_set();
  try {
    use_instruction_set("MMX");
    FAIL() << "nothing was thrown";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("MMX"), std::string::npos) << error.what();
    for (const std::string& name : available_instruction_sets()) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(instruction_set(), before);
}

// (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 with one rounding and 0 with two: the kernel's own number
// tells which of its bodies computed it.
TEST(InstructionSets, TheKernelsThemselvesRoundAsTheSetInUseDoes) {
  Conv2dProblem problem{{{1, 1, 1}, 1, 1, 1, 1, 0}, 1, {}, {}, {}, {}};
  problem.x = {1 + 0x1p-12f};
  problem.w = {1 + 0x1p-12f};
  problem.bias = {-(1 + 0x1p-11f)};
  problem.dy = {1};
  on_every_instruction_set(
      [&] { EXPECT_EQ(run_conv2d(problem).y.at(0), has_fused_multiply_add() ? 0x1p-24f : 0.0f); });
}

// The outputs of every kernel on the instruction set in use, by name.
std::map<std::string, std::vector<float>> run_every_kernel() {
  std::map<std::string, std::vector<float>> outputs;
  reference::Random random(181);
  for (const Conv2dShape& shape :
       {Conv2dShape{{3, 13, 9}, 31, 3, 3, 1, 1}, Conv2dShape{{8, 28, 28}, 16, 3, 3, 1, 0},
        Conv2dShape{{10, 7, 7}, 10, 1, 1, 1, 0}, Conv2dShape{{3, 13, 9}, 8, 5, 5, 2, 2},
        Conv2dShape{{5, 9, 8}, 3, 2, 3, 3, 1}, Conv2dShape{{35, 9, 11}, 33, 3, 3, 1, 1},
        Conv2dShape{{10, 15, 14}, 33, 5, 5, 2, 2}}) {
    const Conv2dProblem problem = random_conv2d(random, shape, 17, true);
    const Conv2dOutputs run = run_conv2d(problem);
    outputs[problem.text() + ", y"] = run.y;
    outputs[problem.text() + ", dx"] = run.dx;
    outputs[problem.text() + ", dw"] = run.dw;
    outputs[problem.text() + ", dbias"] = run.dbias;
    if (!conv2d_winograd_fits(shape)) continue;
    const Conv2dOutputs winograd = run_conv2d_by(problem, kWinograd);
    outputs["winograd, " + problem.text() + ", y"] = winograd.y;
    outputs["winograd, " + problem.text() + ", dx"] = winograd.dx;
    outputs["winograd, " + problem.text() + ", dw"] = winograd.dw;
  }
  for (const int groups : {1, 4, 8}) {
    const GroupNormProblem problem =
        random_group_norm(random, {{8, 13, 9}, groups, 1e-5f}, 17, true);
    const GroupNormOutputs run = run_group_norm(problem);
    outputs[problem.text() + ", y"] = run.y;
    outputs[problem.text() + ", mean"] = run.mean;
    outputs[problem.text() + ", rstd"] = run.rstd;
    outputs[problem.text() + ", dx"] = run.dx;
    outputs[problem.text() + ", dgamma"] = run.dgamma;
    outputs[problem.text() + ", dbeta"] = run.dbeta;
  }
  const BatchNormProblem problem = random_batch_norm(random, {10, 13, 9}, 1e-5f, 17, true);
  const BatchNormOutputs run = run_batch_norm(problem);
  outputs["batch norm, y"] = run.y;
  outputs["batch norm, dx"] = run.dx;
  outputs["batch norm, dgamma"] = run.dgamma;
  outputs["batch norm, dbeta"] = run.dbeta;
  for (const int side : {2, 3}) {
    const auto group =
        random_group_norm_max_pool(random, {{8, 13, 9}, 4, 1e-5f}, 17, /*affine=*/true, side);
    const GroupNormOutputs group_run = run_group_norm_max_pool(group);
    outputs[group.text() + ", y"] = group_run.y;
    outputs[group.text() + ", dx"] = group_run.dx;
    outputs[group.text() + ", dgamma"] = group_run.dgamma;
    outputs[group.text() + ", dbeta"] = group_run.dbeta;
    const auto batch =
        random_batch_norm_max_pool(random, {10, 13, 9}, 1e-5f, 17, /*affine=*/true, side);
    const BatchNormOutputs batch_run = run_batch_norm_max_pool(batch);
    outputs[batch.text() + ", y"] = batch_run.y;
    outputs[batch.text() + ", dx"] = batch_run.dx;
    outputs[batch.text() + ", dgamma"] = batch_run.dgamma;
    outputs[batch.text() + ", dbeta"] = batch_run.dbeta;
  }
  for (const Pooling pooling : {Pooling::kMax, Pooling::kAverage}) {
    Pool2dProblem pool{pooling, {{3, 13, 9}, 3, 3, 2}, 17, {}, {}};
    pool.x = random.normals(pool.x_size(), 0.0f, 1.0f);
    pool.dy = random.normals(pool.y_size(), 0.0f, 1.0f);
    outputs[pool.text() + ", y"] = run_pool2d(pool).y;
    outputs[pool.text() + ", dx"] = run_pool2d(pool).dx;
  }
  const LogSoftmaxProblem softmax = random_log_softmax(random, 10, 48, 0.0f, 10.0f);
  outputs["log-softmax"] = run_log_softmax(softmax).log_probabilities;
  outputs["log-softmax, dlogits"] = run_log_softmax(softmax).dlogits;

  const Shape shape{3, 5, 7};
  const GuardedFloats x(random.normals(tile_size(shape), 0.0f, 1.0f));
  const GuardedFloats dy(random.normals(tile_size(shape), 0.0f, 1.0f));
  GuardedFloats y(tile_size(shape)), dx(tile_size(shape));
  relu_forward(y.data(), x.data(), x.size());
  relu_backward(dx.data(), dy.data(), y.data(), x.size());
  outputs["relu"] = y.values();
  outputs["relu, dx"] = dx.values();
  scale_elements(y.data(), x.data(), dy.data(), x.size());
  outputs["scale of elements"] = y.values();
  scale_channels(y.data(), x.data(), dy.data(), shape);
  outputs["scale of channels"] = y.values();
  std::vector<float> parameters = random.normals(100, 0.0f, 1.0f);
  std::vector<float> velocity = random.normals(100, 0.0f, 1.0f);
  sgd_step(parameters.data(), velocity.data(), x.data(), 100,
           {.learning_rate = 0.1f,
            .momentum = 0.9f,
            .weight_decay = 0.01f,
            .l1 = 0.02f,
            .nesterov = true});
  outputs["sgd, parameters"] = parameters;
  outputs["sgd, velocity"] = velocity;
  return outputs;
}

TEST(InstructionSets, AllWithFusedMultiplyAddGiveTheSameBits) {
  std::string first;
  std::map<std::string, std::vector<float>> expected;
  int sets = 0;
  for (const std::string& name : available_instruction_sets()) {
    const InstructionSetScope scope(name);
    if (!has_fused_multiply_add()) continue;
    ++sets;
    const auto actual = run_every_kernel();
    if (sets == 1) {
      first = name;
      expected = actual;
      continue;
    }
    SCOPED_TRACE("compared with " + first);
    ASSERT_EQ(actual.size(), expected.size());
    for (const auto& [kernel, output] : expected) {
      expect_same_bits(kernel.c_str(), output, actual.at(kernel));
    }
  }
  if (sets < 2) GTEST_SKIP() << "this machine has " << sets << " such instruction set";
}

}  // namespace
}  // namespace normlab
