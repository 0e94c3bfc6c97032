// Every registered norm, by the table of norms/table.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <set>
#include <string>

#include "kernels/awkward_sizes.h"
#include "kernels/instruction_sets.h"
#include "normlab/nn/norms/registry.h"
#include "norms/norm_problem.h"
#include "reference/compare.h"
#include "reference/gradient_check.h"

namespace normlab {

void PrintTo(const NormCase& norm, std::ostream* out) { *out << norm.name; }

namespace {

class EveryNorm : public testing::TestWithParam<NormCase> {
 protected:
  // Calls visit(problem) for the settings of the table and awkward sizes that fit them.
  template <class Visit>
  void for_each_problem(reference::Random& random, const Visit& visit) {
    int visited = 0;
    for (const Norm& norm : GetParam().tries) {
      for (const ImageSize& image : kAwkwardImages) {
        for (const int channels : kAwkwardChannels) {
          for (const int samples : kAwkwardSamples) {
            const Shape shape{channels, image.height, image.width};
            // A tape takes a hundred times the memory of its numbers.
            if (static_cast<std::size_t>(samples) * shape.size() > 25'000) continue;
            const NormProblem problem = random_norm_problem(random, norm, shape, samples);
            if (!problem.layer) continue;
            const Meeting* const meeting = problem.layer->meeting();
            if (meeting && samples < meeting->smallest_batch()) continue;
            SCOPED_TRACE(problem.text());
            visit(problem);
            ++visited;
          }
        }
      }
    }
    EXPECT_TRUE(visited > 30 || GetParam().name == "none") << visited << " problems";
  }
};

NormGradient<reference::Bounded> bounded_gradient(const NormCase& norm,
                                                  const NormProblem& problem) {
  const Shape& shape = problem.shape;
  return differentiate<reference::Bounded>(
      norm.in_bounded_variables, formula_input<reference::Bounded>(problem),
      exactly<reference::Bounded>(problem.dy, problem.samples, shape.channels, shape.height,
                                  shape.width));
}

// A number within rounding of a kink has a gradient that may go either way: it gets no dy. There
// may be few of them.
void take_away_kinks(NormProblem& problem, const NormGradient<reference::Bounded>& gradient) {
  double largest = 0;
  for (const auto& number : gradient.dx.values) {
    largest = std::max(largest, std::abs(number.value));
  }
  std::size_t taken = 0;
  for (std::size_t i = 0; i < problem.dy.size(); ++i) {
    if (gradient.dx.values[i].error <= kLooseness * largest) continue;
    problem.dy[i] = 0;
    ++taken;
  }
  EXPECT_LE(taken, 1 + problem.size() / 1000);
}

TEST_P(EveryNorm, AgreesWithItsFormulaOnEveryInstructionSet) {
  reference::Random random(301);
  for_each_problem(random, [&](NormProblem problem) {
    const double looseness = is_nearly_constant(problem) ? 0 : kLooseness;
    auto expected = bounded_gradient(GetParam(), problem);
    if (norm_type(problem.norm.kind).activates && looseness > 0) {
      take_away_kinks(problem, expected);
      expected = bounded_gradient(GetParam(), problem);
    }
    on_every_instruction_set([&] {
      const NormOutputs actual = run_norm(problem);
      expect_within("y", expected.y.values, actual.y, looseness);
      expect_within("dx", expected.dx.values, actual.dx, looseness);
      const auto specs = problem.layer->parameters();
      EXPECT_EQ(specs.size(), expected.dparameters.size());
      for (const ParameterSpec& spec : specs) {
        expect_within(spec.suffix.c_str(), expected.dparameters.at(spec.suffix),
                      part(actual.dparameters, specs, spec.suffix), looseness);
      }
      const auto buffers = problem.layer->buffers();
      for (const ParameterSpec& spec : buffers) {
        const auto after = part(actual.buffers, buffers, spec.suffix);
        const std::vector<double>& there = expected.buffers.at(spec.suffix);
        ASSERT_EQ(after.size(), there.size());
        for (std::size_t i = 0; i < after.size(); ++i) {
          EXPECT_NEAR(static_cast<double>(after[i]), there[i], 2e-6 * (1 + std::abs(there[i])))
              << spec.suffix << " " << i;
        }
      }
    });
  });
}

// The formula, which the layer is held against, in turn.
TEST_P(EveryNorm, GradientOfTheFormulaAgreesWithCentralDifferences) {
  reference::Random random(302);
  for (const Norm& norm : differentiable_tries(GetParam())) {
    const NormProblem problem = random_norm_problem(random, norm, {4, 3, 2}, 5);
    if (!problem.layer) continue;
    SCOPED_TRACE(problem.text());
    formulas::NormInput<double> input = formula_input<double>(problem);
    const auto probe = exactly<double>(problem.dy, 5, 4, 3, 2);
    const auto gradient = differentiate<double>(GetParam().in_variables, input, probe);
    const auto loss = [&](std::vector<double>& moved, const std::vector<double>& values) {
      const std::vector<double> before = std::exchange(moved, values);
      const auto y = GetParam().in_double(input).y;
      moved = before;
      return reference::seen_through(probe.values, y.values);
    };
    const std::vector<double> x = input.x.values;
    reference::expect_gradient(gradient.dx.values, x, [&](const std::vector<double>& moved) {
      return loss(input.x.values, moved);
    });
    for (auto& parameter : input.parameters) {
      SCOPED_TRACE(parameter.first);
      const std::vector<double> at = parameter.second;
      reference::expect_gradient(
          gradient.dparameters.at(parameter.first), at,
          [&](const std::vector<double>& moved) { return loss(parameter.second, moved); });
    }
  }
}

// The promise of docs/reproducibility.md, norm by norm.
TEST_P(EveryNorm, GivesTheSameBitsOnInstructionSetsWithFusedMultiplyAdd) {
  reference::Random random(303);
  for_each_problem(random, [&](const NormProblem& problem) {
    std::vector<NormOutputs> all;
    on_every_instruction_set([&] {
      if (has_fused_multiply_add()) all.push_back(run_norm(problem));
    });
    for (const NormOutputs& each : all) {
      expect_same_bits("y", all[0].y, each.y);
      expect_same_bits("dx", all[0].dx, each.dx);
      expect_same_bits("dparameters", all[0].dparameters, each.dparameters);
      expect_same_bits("buffers", all[0].buffers, each.buffers);
    }
  });
}

TEST_P(EveryNorm, WorksInPlace) {
  reference::Random random(304);
  for (const Norm& norm : GetParam().tries) {
    const NormProblem problem = random_norm_problem(random, norm, {6, 5, 3}, 37);
    if (!problem.layer) continue;
    ASSERT_TRUE(problem.layer->in_place());
    SCOPED_TRACE(problem.text());
    on_every_instruction_set([&] {
      const NormOutputs apart = run_norm(problem);
      const NormOutputs in_place = run_norm(problem, Outputs::kInPlace);
      expect_same_bits("y in place", apart.y, in_place.y);
      expect_same_bits("dx in place", apart.dx, in_place.dx);
      expect_same_bits("dparameters in place", apart.dparameters, in_place.dparameters);
      if (!problem.layer->dx_may_be_x()) return;
      const NormOutputs over_x = run_norm(problem, Outputs::kDxOverX);
      expect_same_bits("dx over x", apart.dx, over_x.dx);
      expect_same_bits("dparameters, dx over x", apart.dparameters, over_x.dparameters);
    });
  }
}

// The same norm, asked to do a ReLU beside it; no layer if it does not.
NormProblem asked(const NormProblem& problem, const Norm& norm, bool (Layer::*take_over_relu)()) {
  NormProblem other = problem;
  other.layer = norm_type(norm.kind).make({}, {problem.shape, 1, "test"}, norm);
  if (!(*other.layer.*take_over_relu)()) other.layer = nullptr;
  return other;
}

void expect_same(const NormOutputs& expected, const NormOutputs& actual) {
  expect_same_bits("y", expected.y, actual.y);
  expect_same_bits("dx", expected.dx, actual.dx);
  expect_same_bits("dparameters", expected.dparameters, actual.dparameters);
}

// A layer that says it does the ReLU before it lets through what the ReLU would.
TEST_P(EveryNorm, TakesOverTheReluBefore) {
  reference::Random random(305);
  for (const Norm& norm : GetParam().tries) {
    NormProblem problem = random_norm_problem(random, norm, {4, 5, 3}, 19);
    if (!problem.layer) continue;
    SCOPED_TRACE(problem.text());
    for (float& value : problem.x) value = std::max(value, 0.0f);
    on_every_instruction_set([&] {
      const NormProblem other = asked(problem, norm, &Layer::take_over_relu_before);
      if (!other.layer) return;
      NormOutputs expected = run_norm(problem);
      for (std::size_t i = 0; i < problem.x.size(); ++i) {
        if (!(problem.x[i] > 0)) expected.dx[i] = 0;
      }
      expect_same(expected, run_norm(other));
    });
  }
}

// One that says it does the ReLU after it gives what the ReLU would; its gradients are those of the
// norm alone. Only the time tells whether it says so, hence the list.
TEST_P(EveryNorm, TakesOverTheReluAfter) {
  const std::set<std::string> all = {"batch", "batch-renorm", "ghost-batch",
                                     "group", "layer",        "instance"};
  reference::Random random(306);
  for (const Norm& norm : GetParam().tries) {
    const NormProblem problem = random_norm_problem(random, norm, {4, 5, 3}, 19);
    if (!problem.layer) continue;
    SCOPED_TRACE(problem.text());
    on_every_instruction_set([&] {
      const NormProblem other = asked(problem, norm, &Layer::take_over_relu_after);
      ASSERT_EQ(other.layer != nullptr, all.count(GetParam().name) == 1);
      if (!other.layer) return;
      NormOutputs expected = run_norm(problem);
      for (float& value : expected.y) value = std::max(value, 0.0f);
      expect_same(expected, run_norm(other));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, EveryNorm,
                         testing::ValuesIn(norm_cases().begin(), norm_cases().end()),
                         [](const auto& test) {
                           std::string name = test.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(NormRegistry, HasARowInTheTableForEachNorm) {
  std::set<std::string> listed;
  for (const NormType* type : norm_types()) listed.insert(type->name);
  std::set<std::string> tested;
  for (const NormCase& each : norm_cases()) tested.insert(each.name);
  EXPECT_EQ(listed, tested);
  EXPECT_EQ(listed.size(), norm_types().size()) << "two norms of one name";
}

TEST(NormRegistry, HoldsTheNamedKindsInTheirPlaces) {
  EXPECT_EQ(to_string(NormKind::kNone), "none");
  EXPECT_EQ(to_string(NormKind::kBatch), "batch");
  EXPECT_EQ(to_string(NormKind::kLayer), "layer");
  EXPECT_EQ(to_string(NormKind::kGroup), "group");
  EXPECT_EQ(to_string(NormKind::kInstance), "instance");
}

TEST(NormRegistry, FindsEachNormByBothItsNames) {
  for (const NormKind kind : norm_kinds()) {
    EXPECT_EQ(parse_norm_kind(to_string(kind)), kind);
    EXPECT_EQ(parse_norm_kind(short_name(kind)), kind);
  }
}

}  // namespace
}  // namespace normlab
