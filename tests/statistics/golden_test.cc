// normlab's statistics beside SciPy's, to the last digits.
#include "statistics/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "normlab/statistics/bootstrap.h"
#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/difference.h"
#include "normlab/statistics/effect_size.h"
#include "normlab/statistics/improvement.h"
#include "normlab/statistics/mcnemar.h"
#include "normlab/statistics/permutation.h"
#include "normlab/statistics/planning.h"

namespace normlab {
namespace {

// A NaN on either side fails it.
void expect_close(double actual, double expected, double tolerance = 1e-10) {
  EXPECT_TRUE(std::abs(actual - expected) <= tolerance * std::max(1.0, std::abs(expected)))
      << actual << " is not " << expected;
}

class GoldenSamples : public testing::TestWithParam<std::string> {
 protected:
  const GoldenCase& golden() const { return golden_cases().at(GetParam()); }
  std::vector<double> a() const { return golden().list("a"); }
  std::vector<double> b() const { return golden().list("b"); }
  bool are_pairs() const { return golden().has("paired.mean"); }
};

TEST_P(GoldenSamples, OneSample) {
  const Summary summary = summarize(a());
  expect_close(summary.mean, golden()["a.mean"]);
  expect_close(summary.standard_deviation.value(), golden()["a.sd"]);
  expect_close(summary.median, golden()["a.median"]);
  expect_close(summary.interquartile_mean, golden()["a.iqm"]);
  expect_close(summary.interval.value().low, golden()["a.t.low"]);
  expect_close(summary.interval.value().high, golden()["a.t.high"]);
  const Interval narrower = t_interval(a(), 0.9).value();
  expect_close(narrower.low, golden()["a.t90.low"]);
  expect_close(narrower.high, golden()["a.t90.high"]);
}

TEST_P(GoldenSamples, Pairs) {
  if (!are_pairs()) GTEST_SKIP() << "samples of unequal size";
  const Difference difference = paired_difference(a(), b());
  expect_close(difference.mean, golden()["paired.mean"]);
  expect_close(difference.interval.value().low, golden()["paired.low"]);
  expect_close(difference.interval.value().high, golden()["paired.high"]);
  expect_close(cohens_dz(a(), b()).value(), golden()["paired.dz"]);
  const Improvement improvement = paired_improvement(a(), b());
  expect_close(improvement.probability, golden()["paired.improvement"]);
  if (golden().has("paired.improvement.low")) {
    expect_close(improvement.interval.low, golden()["paired.improvement.low"]);
    expect_close(improvement.interval.high, golden()["paired.improvement.high"]);
  }
  if (golden().has("paired.p")) {
    const PermutationTest test = paired_permutation_test(a(), b(), 1);
    EXPECT_TRUE(test.is_exact);
    expect_close(test.p_value, golden()["paired.p"]);
  }
}

TEST_P(GoldenSamples, TwoSamples) {
  const Difference difference = unpaired_difference(a(), b());
  expect_close(difference.mean, golden()["welch.mean"]);
  expect_close(difference.degrees, golden()["welch.degrees"]);
  expect_close(difference.interval.value().low, golden()["welch.low"]);
  expect_close(difference.interval.value().high, golden()["welch.high"]);
  expect_close(hedges_g(a(), b()).value(), golden()["welch.g"]);
  const Improvement improvement = unpaired_improvement(a(), b());
  expect_close(improvement.probability, golden()["welch.improvement"]);
  expect_close(improvement.interval.low, golden()["welch.improvement.low"]);
  expect_close(improvement.interval.high, golden()["welch.improvement.high"]);
  if (golden().has("welch.p")) {
    const PermutationTest test = unpaired_permutation_test(a(), b(), 1);
    EXPECT_TRUE(test.is_exact);
    expect_close(test.p_value, golden()["welch.p"]);
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& sample) {
  std::string name = sample.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(SciPy, GoldenSamples, testing::ValuesIn(sample_cases()), test_name);

TEST(GoldenSamples, AreAllThere) { EXPECT_EQ(sample_cases().size(), 7u); }

TEST(GoldenBootstrap, GivenItsResamplesTheIntervalIsThatOfSciPy) {
  const GoldenCase& golden = golden_cases().at("bca");
  const std::vector<double> means = golden.list("bca.mean");
  ASSERT_EQ(means.size(), 999u);
  const Interval interval = bca_interval(golden.list("a"), means);
  expect_close(interval.low, golden["bca.low"], 1e-12);
  expect_close(interval.high, golden["bca.high"], 1e-12);
}

TEST(GoldenPlan, SeedsNeededForAnEffect) {
  const GoldenCase& golden = golden_cases().at("plan");
  int compared = 0;
  for (const double effect : {0.2, 0.5, 1.0, 2.5}) {
    for (const double level : {0.05, 0.01}) {
      char name[32];
      std::snprintf(name, sizeof name, ".%.1f.%.2f", effect, level);
      EXPECT_EQ(pairs_needed(effect, level), static_cast<int>(golden[std::string("pairs") + name]));
      EXPECT_EQ(values_needed(effect, level),
                static_cast<int>(golden[std::string("values") + name]));
      ++compared;
    }
  }
  EXPECT_EQ(compared, 8);
}

TEST(GoldenPlan, Power) {
  const GoldenCase& golden = golden_cases().at("plan");
  for (const int n : {2, 5, 30}) {
    expect_close(paired_power(0.7, n), golden["power.pairs.0.7." + std::to_string(n)], 1e-9);
    expect_close(unpaired_power(-0.7, n), golden["power.values.0.7." + std::to_string(n)], 1e-9);
  }
}

TEST(GoldenMcNemar, IsTheBinomialTest) {
  int compared = 0;
  for (const auto& [name, p_value] : golden_cases().at("mcnemar").values()) {
    const std::size_t dot = name.find('.');
    const int first = std::stoi(name.substr(0, dot));
    const int second = std::stoi(name.substr(dot + 1));
    EXPECT_NEAR(sign_test(first, second) / p_value, 1, 1e-10) << name;
    EXPECT_NEAR(sign_test(second, first) / p_value, 1, 1e-10) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 7);
}

}  // namespace
}  // namespace normlab
