#include "normlab/kernels/sgd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/guarded.h"
#include "kernels/instruction_sets.h"
#include "reference/compare.h"
#include "reference/random.h"
#include "reference/sgd.h"

namespace normlab {
namespace {

reference::Sgd in_double(const SgdStep& step) {
  return {static_cast<double>(step.learning_rate), static_cast<double>(step.momentum),
          static_cast<double>(step.weight_decay), static_cast<double>(step.l1), step.nesterov};
}

constexpr SgdStep kSteps[] = {
    {.learning_rate = 0.1f},
    {.learning_rate = 0.1f, .momentum = 0.9f},
    {.learning_rate = 0.1f, .momentum = 0.9f, .nesterov = true},
    {.learning_rate = 0.1f, .weight_decay = 0.3f},
    {.learning_rate = 0.1f, .l1 = 0.4f},
    {.learning_rate = 0.1f, .momentum = 0.9f, .weight_decay = 0.3f, .l1 = 0.4f, .nesterov = true}};

// Some parameters are 0, and some -0: there the penalty has no say.
std::vector<float> parameters_with_zeros(reference::Random& random, std::size_t count) {
  std::vector<float> parameters = random.normals(count, 0.0f, 1.0f);
  for (std::size_t i = 0; i < count; i += 3) parameters[i] = i % 2 == 0 ? 0.0f : -0.0f;
  return parameters;
}

TEST(SgdStep, AgreesWithTheReferenceOnEveryInstructionSet) {
  reference::Random random(171);
  for (const std::size_t count : {1u, 3u, 4u, 15u, 16u, 17u, 31u, 100u}) {
    for (const SgdStep& step : kSteps) {
      const std::vector<float> p = parameters_with_zeros(random, count);
      const std::vector<float> v = random.normals(count, 0.0f, 1.0f);
      const std::vector<float> gradient = random.normals(count, 0.0f, 1.0f);
      auto expected_p = exactly<reference::Bounded>(p);
      auto expected_v = exactly<reference::Bounded>(v);
      reference::sgd_step(expected_p, expected_v, exactly<reference::Bounded>(gradient),
                          in_double(step));
      on_every_instruction_set([&] {
        GuardedFloats parameters(p), velocity(v);
        const GuardedFloats upstream(gradient);
        sgd_step(parameters.data(), velocity.data(), upstream.data(), count, step);
        parameters.expect_intact("parameters");
        velocity.expect_intact("velocity");
        expect_within("parameters", expected_p, parameters.values());
        expect_within("velocity", expected_v, velocity.values());
      });
    }
  }
}

TEST(SgdStep, IsExactWithWholeNumbers) {
  reference::Random random(172);
  for (SgdStep step : kSteps) {
    // Sixteenths of small whole numbers: nothing is rounded.
    step.learning_rate = 0.25f;
    if (step.momentum > 0) step.momentum = 0.5f;
    if (step.weight_decay > 0) step.weight_decay = 0.25f;
    if (step.l1 > 0) step.l1 = 0.5f;
    const std::vector<float> p = random.integers(50, -2, 2);
    const std::vector<float> v = random.integers(50, -9, 9);
    const std::vector<float> gradient = random.integers(50, -9, 9);
    auto expected_p = exactly<double>(p);
    auto expected_v = exactly<double>(v);
    reference::sgd_step(expected_p, expected_v, exactly<double>(gradient), in_double(step));
    on_every_instruction_set([&] {
      std::vector<float> parameters = p, velocity = v;
      sgd_step(parameters.data(), velocity.data(), gradient.data(), 50, step);
      expect_exact("parameters", expected_p, parameters);
      expect_exact("velocity", expected_v, velocity);
    });
  }
}

// Part of an array that starts anywhere, as the parameters of one layer do.
TEST(SgdStep, NeedsNoAlignment) {
  reference::Random random(173);
  const std::vector<float> p = random.normals(40, 0.0f, 1.0f);
  const std::vector<float> v = random.normals(40, 0.0f, 1.0f);
  const std::vector<float> gradient = random.normals(40, 0.0f, 1.0f);
  on_every_instruction_set([&] {
    std::vector<float> whole_p = p, whole_v = v, part_p = p, part_v = v;
    sgd_step(whole_p.data(), whole_v.data(), gradient.data(), 40, kSteps[5]);
    sgd_step(part_p.data(), part_v.data(), gradient.data(), 3, kSteps[5]);
    sgd_step(part_p.data() + 3, part_v.data() + 3, gradient.data() + 3, 37, kSteps[5]);
    expect_same_bits("parameters", whole_p, part_p);
    expect_same_bits("velocity", whole_v, part_v);
  });
}

TEST(AbsoluteSum, AddsInDouble) {
  EXPECT_EQ(absolute_sum(nullptr, 0), 0.0);
  const std::vector<float> parameters = {1.0f, -0x1p-40f, 0.0f, -2.0f};
  EXPECT_EQ(absolute_sum(parameters.data(), 4), 3.0 + 0x1p-40);
}

TEST(SumOverTiles, AddsInTileOrder) {
  reference::Random random(174);
  for (const int tiles : {1, 2, 3, 7}) {
    for (const std::size_t count : {1u, 16u, 33u}) {
      const std::vector<float> parts =
          random.normals(count * static_cast<std::size_t>(tiles), 0.0f, 1.0f);
      std::vector<float> expected(count);
      for (std::size_t i = 0; i < count; ++i) {
        float sum = parts[i];
        for (std::size_t tile = 1; tile < static_cast<std::size_t>(tiles); ++tile) {
          sum += parts[tile * count + i];
        }
        expected[i] = sum;
      }
      GuardedFloats sum(count);
      sum_over_tiles(sum.data(), parts.data(), tiles, count);
      sum.expect_intact("sum");
      expect_same_bits("sum", expected, sum.values());
    }
  }
}

}  // namespace
}  // namespace normlab
