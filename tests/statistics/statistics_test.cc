// Closed forms, and what happens at the edges: one value, two, all equal, no number.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "normlab/statistics/binomial.h"
#include "normlab/statistics/bootstrap.h"
#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/difference.h"
#include "normlab/statistics/distributions.h"
#include "normlab/statistics/effect_size.h"
#include "normlab/statistics/holm.h"
#include "normlab/statistics/improvement.h"
#include "normlab/statistics/mcnemar.h"
#include "normlab/statistics/permutation.h"
#include "normlab/statistics/planning.h"

namespace normlab {
namespace {

using Values = std::vector<double>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Descriptive, OneValueHasNoSpread) {
  const Summary summary = summarize(Values{99.1});
  EXPECT_EQ(summary.n, 1);
  EXPECT_EQ(summary.mean, 99.1);
  EXPECT_EQ(summary.median, 99.1);
  EXPECT_EQ(summary.interquartile_mean, 99.1);
  EXPECT_FALSE(summary.standard_deviation);
  EXPECT_FALSE(summary.interval);
  EXPECT_FALSE(bootstrap_interval(Values{99.1}, 1));
}

TEST(Descriptive, TwoValuesHaveTheCauchyInterval) {
  // t with one degree of freedom is Cauchy's distribution: its quantile is tan(pi (p - 1/2)).
  const Summary summary = summarize(Values{98, 99});
  EXPECT_NEAR(summary.standard_deviation.value(), std::sqrt(0.5), 1e-12);
  const double reach = std::tan(std::acos(-1.0) * 0.475) * 0.5;
  EXPECT_NEAR(summary.interval.value().low, 98.5 - reach, 1e-9);
  EXPECT_NEAR(summary.interval.value().high, 98.5 + reach, 1e-9);
}

TEST(Descriptive, EqualValuesHaveExactlyNoSpread) {
  for (const int n : {2, 3, 7, 30}) {
    const Values values(static_cast<std::size_t>(n), 98.7);  // 98.7 is no binary fraction
    const Summary summary = summarize(values);
    EXPECT_EQ(summary.mean, 98.7);
    EXPECT_EQ(summary.standard_deviation, 0);
    EXPECT_EQ(summary.interval.value().low, 98.7);
    EXPECT_EQ(summary.interval.value().high, 98.7);
    EXPECT_NEAR(summary.interquartile_mean, 98.7, 1e-12);
    const Interval bootstrap = bootstrap_interval(values, 1).value();
    EXPECT_EQ(bootstrap.low, 98.7);
    EXPECT_EQ(bootstrap.high, 98.7);
  }
}

TEST(Descriptive, TheInterquartileMeanLeavesOutAQuarterAtEachEnd) {
  EXPECT_EQ(interquartile_mean(Values{1, 2, 4}), 7.0 / 3);          // a quarter of 3 is none
  EXPECT_EQ(interquartile_mean(Values{100, 3, 2, 0}), 2.5);         // one of 4
  EXPECT_EQ(interquartile_mean(Values{9, 8, 7, 3, 2, 1, 0}), 4.2);  // one of 7
  EXPECT_EQ(interquartile_mean(Values{0, 1, 2, 3, 4, 5, 6, 1000}), 3.5);
}

TEST(Statistics, WhatIsNoNumberIsRefusedEverywhere) {
  const Values good = {1, 2, 4};
  for (const double bad : {kNan, std::numeric_limits<double>::infinity()}) {
    const Values values = {1, bad, 4};
    EXPECT_THROW(summarize(values), std::invalid_argument);
    EXPECT_THROW(median(values), std::invalid_argument);
    EXPECT_THROW(interquartile_mean(values), std::invalid_argument);
    EXPECT_THROW(bootstrap_interval(values, 1), std::invalid_argument);
    EXPECT_THROW(paired_difference(good, values), std::invalid_argument);
    EXPECT_THROW(unpaired_difference(values, good), std::invalid_argument);
    EXPECT_THROW(paired_permutation_test(values, good, 1), std::invalid_argument);
    EXPECT_THROW(unpaired_permutation_test(good, values, 1), std::invalid_argument);
    EXPECT_THROW(paired_improvement(values, good), std::invalid_argument);
    EXPECT_THROW(unpaired_improvement(good, values), std::invalid_argument);
    EXPECT_THROW(cohens_dz(good, values), std::invalid_argument);
    EXPECT_THROW(hedges_g(values, good), std::invalid_argument);
  }
  EXPECT_THROW(holm(Values{0.1, kNan}), std::invalid_argument);
  EXPECT_THROW(holm(Values{1.1}), std::invalid_argument);
}

TEST(Statistics, NoValuesAndUnequalPairsAreRefused) {
  EXPECT_THROW(summarize({}), std::invalid_argument);
  EXPECT_THROW(paired_difference({}, {}), std::invalid_argument);
  EXPECT_THROW(unpaired_permutation_test({}, Values{1}, 1), std::invalid_argument);
  EXPECT_THROW(paired_difference(Values{1, 2}, Values{1}), std::invalid_argument);
  EXPECT_THROW(paired_permutation_test(Values{1, 2}, Values{1}, 1), std::invalid_argument);
  EXPECT_THROW(paired_improvement(Values{1, 2}, Values{1}), std::invalid_argument);
  EXPECT_THROW(mcnemar({true}, {true, false}), std::invalid_argument);
}

TEST(Difference, OnePairHasNoInterval) {
  const Difference difference = paired_difference(Values{99.2}, Values{99.1});
  EXPECT_NEAR(difference.mean, 0.1, 1e-12);
  EXPECT_FALSE(difference.interval);
  EXPECT_FALSE(difference.reach());
  EXPECT_FALSE(cohens_dz(Values{99.2}, Values{99.1}));
  EXPECT_FALSE(unpaired_difference(Values{99.2}, Values{99.1, 99.3}).interval);
}

TEST(Difference, WithoutSpreadTheIntervalIsEmptyAndThereIsNoEffectSize) {
  const Values a = {3, 3, 3};
  const Values b = {1, 1, 1};
  for (const Difference& difference : {paired_difference(a, b), unpaired_difference(a, b)}) {
    EXPECT_EQ(difference.mean, 2);
    EXPECT_EQ(difference.interval.value().low, 2);
    EXPECT_EQ(difference.interval.value().high, 2);
  }
  EXPECT_FALSE(cohens_dz(a, b));
  EXPECT_FALSE(hedges_g(a, b));
  EXPECT_FALSE(hedges_g(Values{1}, Values{1, 2}));  // one degree of freedom: J is not defined
}

TEST(Permutation, ASmallCaseByHand) {
  // Differences 3, 1, -1: of the eight sums of signs, |3 ± 1 ± 1| >= 3 for all but 3 - 1 - 1 and
  // its negative.
  const PermutationTest test = paired_permutation_test(Values{4, 2, 1}, Values{1, 1, 2}, 1);
  EXPECT_TRUE(test.is_exact);
  EXPECT_EQ(test.arrangements, 8);
  EXPECT_NEAR(test.p_value, 6.0 / 8, 1e-15);
  EXPECT_NEAR(test.smallest_p_value, 2.0 / 8, 1e-15);
}

TEST(Permutation, TheSmallestPValueIsReachedWhereAllDifferencesAgree) {
  Values a;
  for (int n = 1; n <= 16; ++n) {
    a.push_back(99 + 0.1 * n);
    const Values b(a.size(), 98.0);
    const PermutationTest test = paired_permutation_test(a, b, 1);
    EXPECT_TRUE(test.is_exact);
    EXPECT_NEAR(test.p_value, std::exp2(1 - n), 1e-15) << n;
    EXPECT_EQ(test.smallest_p_value, test.p_value);
  }
  EXPECT_NEAR(unpaired_permutation_test(Values{1, 2, 3}, Values{5, 6, 8}, 1).p_value, 2.0 / 20,
              1e-15);
  EXPECT_NEAR(unpaired_permutation_test(Values{1, 2}, Values{5, 6, 8}, 1).p_value, 1.0 / 10, 1e-15);
}

TEST(Permutation, EqualValuesAreNoEvidence) {
  const Values equal(4, 98.7);
  EXPECT_EQ(paired_permutation_test(equal, equal, 1).p_value, 1);
  EXPECT_EQ(unpaired_permutation_test(equal, equal, 1).p_value, 1);
  EXPECT_EQ(unpaired_permutation_test(Values{1}, Values{2}, 1).p_value, 1);
}

TEST(Permutation, DrawnArrangementsAgreeWithAllOfThem) {
  // 16 pairs are tried in full; a pair without a difference changes nothing but that 17 are drawn.
  Values a = {5, 2, 9, 4, 8, 1, 7, 3, 6, 2, 4, 8, 5, 7, 1, 9};
  Values b = {4, 1, 7, 5, 5, 1.5, 4, 3.5, 6.5, 0, 5, 7, 3, 8, 2, 6};
  const PermutationTest all = paired_permutation_test(a, b, 1);
  ASSERT_TRUE(all.is_exact);
  a.push_back(1);
  b.push_back(1);
  const PermutationTest some = paired_permutation_test(a, b, 1);
  EXPECT_FALSE(some.is_exact);
  EXPECT_EQ(some.arrangements, (1 << 16) - 1);
  // Five standard errors of a share of 65,535 draws.
  EXPECT_NEAR(some.p_value, all.p_value,
              5 * std::sqrt(all.p_value * (1 - all.p_value) / some.arrangements));
  EXPECT_EQ(some.p_value, paired_permutation_test(a, b, 1).p_value);
  EXPECT_NE(some.p_value, paired_permutation_test(a, b, 2).p_value);
}

TEST(Permutation, DrawnPValuesAreNeverZero) {
  const Values a(40, 2.0);
  const Values b(40, 1.0);
  EXPECT_EQ(paired_permutation_test(a, b, 1).p_value, 1.0 / 65536);
  EXPECT_EQ(unpaired_permutation_test(a, b, 1).p_value, 1.0 / 65536);
}

TEST(Permutation, LevelAndScaleOfTheValuesDoNotMatter) {
  const Values a = {1, 5, 3, 8, 2};
  const Values b = {2, 9, 7, 9.5};
  Values far_a;
  Values far_b;
  for (const double value : a) far_a.push_back(1e6 + 1e-3 * value);
  for (const double value : b) far_b.push_back(1e6 + 1e-3 * value);
  EXPECT_NEAR(unpaired_permutation_test(far_a, far_b, 1).p_value,
              unpaired_permutation_test(a, b, 1).p_value, 1e-15);
}

TEST(Improvement, WhoWinsAlwaysIsStillNotCertain) {
  const Improvement paired = paired_improvement(Values{2, 3, 4, 5, 6}, Values{1, 1, 1, 1, 1});
  EXPECT_EQ(paired.probability, 1);
  EXPECT_EQ(paired.interval.high, 1);
  // Wilson's lower end for n of n is n / (n + z^2).
  EXPECT_NEAR(paired.interval.low, 5 / (5 + 1.959963984540054 * 1.959963984540054), 1e-12);
  const Improvement unpaired = unpaired_improvement(Values{2, 3, 4}, Values{0, 1});
  EXPECT_EQ(unpaired.probability, 1);
  EXPECT_EQ(unpaired.interval.high, 1);
  EXPECT_LT(unpaired.interval.low, 0.9);
}

TEST(Improvement, TiesCountHalf) {
  EXPECT_EQ(paired_improvement(Values{1, 2, 3, 4}, Values{1, 1, 4, 4}).probability, 0.5);
  EXPECT_EQ(unpaired_improvement(Values{1, 2}, Values{1, 2}).probability, 0.5);
  EXPECT_EQ(paired_improvement(Values{1}, Values{1}).probability, 0.5);
}

TEST(Holm, AnExampleByHand) {
  const Values corrected = holm(Values{0.01, 0.04, 0.03, 0.005});
  const Values expected = {0.03, 0.06, 0.06, 0.02};
  ASSERT_EQ(corrected.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(corrected[i], expected[i], 1e-15);
  EXPECT_EQ(holm(Values{0.7, 0.8}), (Values{1, 1}));
  EXPECT_EQ(holm(Values{0.02}), Values{0.02});
  EXPECT_TRUE(holm({}).empty());
}

TEST(Planning, TwentyNineRunsForThreeQuarters) {
  EXPECT_EQ(runs_for_improvement(0.75, 0.05, 0.95), 29);
  EXPECT_EQ(runs_for_improvement(0.75, 0.05, 0.8), 17);  // (1.6449 + 0.8416)^2 / 0.375 = 16.49
}

TEST(Planning, NoDifferenceIsNeverFound) {
  EXPECT_FALSE(pairs_needed(0));
  EXPECT_FALSE(values_needed(0));
  EXPECT_FALSE(pairs_needed(1e-4));  // about 785 million
}

TEST(Planning, PowerRisesWithTheNumberOfSeedsWithoutASeam) {
  // Across the place where the normal distribution takes over.
  double before = 0;
  for (const int n : {2, 3, 10, 100, 1000, 4999, 5000, 5001, 5002, 5003, 20000}) {
    const double power = paired_power(0.03, n);
    EXPECT_GT(power, before) << n;
    before = power;
  }
  EXPECT_NEAR(paired_power(0.03, 5001), paired_power(0.03, 5002), 2e-4);
  EXPECT_NEAR(paired_power(0, 12), 0.05, 1e-9);
  // ((1.95996 + 0.84162) / 0.02)^2 = 19,622.
  EXPECT_NEAR(pairs_needed(0.02).value(), 19622, 3);
  for (const double effect : {5.0, 20.0, 1000.0}) EXPECT_LE(pairs_needed(effect).value(), 4);
}

// Shares of 10,000 images in percent, whose differences are equal and are not in binary.
TEST(Difference, WhatRoundingAloneSpreadsHasNoSpread) {
  const Values a = {99.06, 99.10, 98.97};
  const Values b = {99.00, 99.04, 98.91};
  ASSERT_NE(a[0] - b[0], a[1] - b[1]) << "no example of rounding";
  const Difference difference = paired_difference(a, b);
  EXPECT_NEAR(difference.mean, 0.06, 1e-12);
  EXPECT_EQ(difference.standard_deviation, 0);
  EXPECT_EQ(difference.reach(), 0);
  EXPECT_FALSE(cohens_dz(a, b));
  // A hundredth of a point is a spread.
  EXPECT_NEAR(paired_difference(a, Values{99.00, 99.04, 98.92}).standard_deviation.value(),
              0.01 / std::sqrt(3), 1e-12);
  EXPECT_FALSE(hedges_g(Values{99.1, 99.1, 99.1}, Values{99, 99, 99}));
  EXPECT_EQ(standard_deviation(Values{0.1 + 0.2, 0.3}), 0);
}

// T > t with a shift far beyond Boost's reach: |Z + s| > t sqrt(chi2 / f).
TEST(Planning, PowerOfEffectsWithoutBound) {
  for (const double effect : {1e5, 1e9, 1e13, 1e300}) {
    EXPECT_EQ(pairs_needed(effect, 0.05 / 91), 2) << effect;
    EXPECT_EQ(values_needed(effect, 0.05 / 91), 2) << effect;
    EXPECT_NEAR(paired_power(effect, 2, 0.05 / 91), 1, 0.05) << effect;
  }
  // No seam where Boost's sums end: one degree of freedom, and a limit as large as the shift, where
  // |T| > t is chi2 < 1, 68.3 %.
  EXPECT_NEAR(noncentral_t_beyond(9999, 1, 9999), 0.6827, 1e-4);
  EXPECT_NEAR(noncentral_t_beyond(10001, 1, 10001), 0.6827, 1e-4);
}

TEST(Permutation, SoManyValuesReachALevel) {
  EXPECT_EQ(pairs_to_reach(0.05), 6);        // 2 / 64
  EXPECT_EQ(pairs_to_reach(0.05 / 45), 11);  // 2 / 2048
  EXPECT_EQ(pairs_to_reach(2.0 / 65536), 16);
  EXPECT_EQ(pairs_to_reach(1.0 / 65536), 17);  // drawn from here on
  EXPECT_FALSE(pairs_to_reach(0.9 / 65536));
  EXPECT_EQ(values_to_reach(0.05), 4);          // 2 / 70
  EXPECT_EQ(values_to_reach(0.05 / 45), 7);     // 2 / 3432
  EXPECT_EQ(values_to_reach(1.0 / 65536), 10);  // of 184,756 ways not all are tried
  EXPECT_FALSE(values_to_reach(0.9 / 65536));
  // They are what the tests say of themselves.
  for (const int n : {4, 9, 10, 17, 20}) {
    Values a;
    Values b;
    for (int i = 0; i < n; ++i) {
      a.push_back(i);
      b.push_back(100 + i * i);
    }
    const double of_pairs = paired_permutation_test(a, b, 1).smallest_p_value;
    EXPECT_LE(pairs_to_reach(of_pairs).value(), n);
    EXPECT_GE(paired_permutation_test(a, b, 1).p_value, of_pairs) << n;
    const double of_values = unpaired_permutation_test(a, b, 1).smallest_p_value;
    EXPECT_LE(values_to_reach(of_values).value(), n);
  }
}

TEST(Binomial, FloorIsTheDeviationOfAShare) {
  EXPECT_NEAR(binomial_floor(99.2, 10000), 0.0891, 5e-5);
  EXPECT_NEAR(binomial_floor(50, 100), 5.0, 1e-12);
  EXPECT_EQ(binomial_floor(100, 10000), 0);
  EXPECT_EQ(binomial_floor(0, 10000), 0);
}

TEST(McNemar, CountsImagesOnWhichOneIsRight) {
  const McNemar result = mcnemar({true, true, true, true, true, true, false, false, true},
                                 {false, false, false, false, false, true, true, false, true});
  EXPECT_EQ(result.only_first, 5);
  EXPECT_EQ(result.only_second, 1);
  EXPECT_NEAR(result.p_value, 2.0 * (1 + 6) / 64, 1e-12);
  EXPECT_EQ(mcnemar({true, false}, {true, false}).p_value, 1);
}

TEST(Bootstrap, AllResamplesOfThreeValuesByHand) {
  // The mean of three draws from {0, 0, 3} is the number of threes drawn: binomial(3, 1/3), of 27:
  // 8 zeros, 12 ones, 6 twos, 1 three.
  const Values means = bootstrap_means(Values{0, 0, 3}, 5, 27000);
  Values shares(4, 0.0);
  for (const double drawn : means) shares.at(static_cast<std::size_t>(std::lround(drawn))) += 1;
  const Values expected = {8, 12, 6, 1};
  for (std::size_t k = 0; k < 4; ++k) {
    const double p = expected[k] / 27;
    EXPECT_NEAR(shares[k] / 27000, p, 5 * std::sqrt(p * (1 - p) / 27000)) << k;
  }
  EXPECT_EQ(means, bootstrap_means(Values{0, 0, 3}, 5, 27000));
  EXPECT_NE(means, bootstrap_means(Values{0, 0, 3}, 6, 27000));
}

}  // namespace
}  // namespace normlab
