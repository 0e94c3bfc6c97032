// Where there is no difference each test may find one in at most 5 % of all experiments, and each
// interval must hold the truth in 95 %. Tried on simulated accuracies:
//
//   statistics_tests --gtest_filter='Simulation.*'
//
// $NORMLAB_SIMULATIONS is the number of simulated experiments (2,000).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "normlab/base/random.h"
#include "normlab/statistics/bootstrap.h"
#include "normlab/statistics/descriptive.h"
#include "normlab/statistics/difference.h"
#include "normlab/statistics/holm.h"
#include "normlab/statistics/improvement.h"
#include "normlab/statistics/mcnemar.h"
#include "normlab/statistics/permutation.h"

namespace normlab {
namespace {

using Values = std::vector<double>;

int experiments() {
  const char* const asked = std::getenv("NORMLAB_SIMULATIONS");
  return asked == nullptr ? 2000 : std::atoi(asked);
}

// One simulated experiment's chance: `test` keeps those of different tests apart.
class Chance {
 public:
  Chance(std::uint32_t test, int experiment)
      : random_(2024, Purpose::kOrder, test, static_cast<std::uint32_t>(experiment)) {}

  double uniform() { return (random_.bits() + 0.5) * 0x1p-32; }

  // Box and Muller.
  double normal() {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::acos(-1.0) * uniform());
  }

  // Accuracies as seeds give them: around 99.1, in steps of one image of 10,000.
  Values accuracies(int n, double spread) {
    Values values;
    for (int i = 0; i < n; ++i) {
      values.push_back(std::round(100 * (99.1 + spread * normal())) / 100);
    }
    return values;
  }

 private:
  RandomStream random_;
};

// Share of experiments in which `rejects(chance)` holds, printed.
template <class Rejects>
double rate(std::uint32_t test, const std::string& name, const Rejects& rejects) {
  const int n = experiments();
  int rejected = 0;
  for (int i = 0; i < n; ++i) {
    Chance chance(test, i);
    if (rejects(chance)) ++rejected;
  }
  const double share = static_cast<double>(rejected) / n;
  std::printf("%-72s %5.2f %% of %d\n", name.c_str(), 100 * share, n);
  return share;
}

// So far may a share lie from its expectation by chance: 3.3 standard errors, one time in a
// thousand. The numbers drawn are always the same, so a test that passes does not fail tomorrow.
double margin(double expected) {
  return 3.3 * std::sqrt(expected * (1 - expected) / experiments());
}

void expect_rate(double share, double expected) { EXPECT_NEAR(share, expected, margin(expected)); }

// Of a test that cannot reach 5 % because its p-values come in steps.
void expect_at_most(double share, double limit) { EXPECT_LE(share, limit + margin(limit)); }

TEST(Simulation, PairedPermutationTest) {
  // The largest level below 5 % that can be reached is 50 of 1,024 arrangements.
  expect_rate(rate(1, "paired permutation test, 10 pairs, exact",
                   [](Chance& chance) {
                     Values a;
                     Values b;
                     for (int i = 0; i < 10; ++i) {
                       a.push_back(chance.normal());
                       b.push_back(a.back() + chance.normal());
                     }
                     return paired_permutation_test(a, b, 1).p_value <= kSignificance;
                   }),
              50.0 / 1024);
  // Of whole images differences tie, and arrangements that are as extreme count against the
  // finding.
  const double tied =
      rate(2, "the same, 12 pairs, accuracies of 10,000 images", [](Chance& chance) {
        const Values a = chance.accuracies(12, 0.06);
        const Values b = chance.accuracies(12, 0.06);
        return paired_permutation_test(a, b, 1).p_value <= kSignificance;
      });
  expect_at_most(tied, kSignificance);
  EXPECT_GT(tied, 0.03);
}

TEST(Simulation, UnpairedPermutationTest) {
  expect_rate(rate(3, "unpaired permutation test, 7 and 5 seeds, exact",
                   [](Chance& chance) {
                     const Values a = chance.accuracies(7, 0.06);
                     const Values b = chance.accuracies(5, 0.06);
                     return unpaired_permutation_test(a, b, 1).p_value <= kSignificance;
                   }),
              39.0 / 792);
}

TEST(Simulation, IntervalsOfADifference) {
  expect_rate(rate(4, "t interval of the difference of 8 pairs does not hold 0",
                   [](Chance& chance) {
                     Values a;
                     Values b;
                     for (int i = 0; i < 8; ++i) {
                       a.push_back(chance.normal());
                       b.push_back(a.back() + chance.normal());
                     }
                     return !paired_difference(a, b).interval.value().holds(0);
                   }),
              kSignificance);
  expect_rate(rate(5, "Welch's interval, 12 and 9 seeds, spreads 0.05 and 0.2",
                   [](Chance& chance) {
                     const Values a = chance.accuracies(12, 0.05);
                     const Values b = chance.accuracies(9, 0.2);
                     return !unpaired_difference(a, b).interval.value().holds(0);
                   }),
              kSignificance);
}

TEST(Simulation, IntervalsOfAMean) {
  expect_rate(rate(6, "t interval of the mean of 5 seeds does not hold the mean",
                   [](Chance& chance) {
                     return !t_interval(chance.accuracies(5, 0.06)).value().holds(99.1);
                   }),
              kSignificance);
}

TEST(Simulation, McNemar) {
  // 39 or fewer of one kind: 2 P(X <= 39) = 3.52 %.
  expect_rate(rate(7, "exact McNemar test, 100 images on which two networks part",
                   [](Chance& chance) {
                     int first = 0;
                     for (int i = 0; i < 100; ++i) first += chance.uniform() < 0.5 ? 1 : 0;
                     return sign_test(first, 100 - first) <= kSignificance;
                   }),
              0.0352);
}

TEST(Simulation, HolmKeepsTheFamily) {
  expect_at_most(
      rate(8, "any of 6 pairs of 4 equal arms, 10 seeds, after Holm",
           [](Chance& chance) {
             std::vector<Values> arms;
             for (int i = 0; i < 4; ++i) arms.push_back(chance.accuracies(10, 0.06));
             Values p_values;
             for (std::size_t i = 0; i < 4; ++i) {
               for (std::size_t j = 0; j < i; ++j) {
                 p_values.push_back(paired_permutation_test(arms[i], arms[j], 1).p_value);
               }
             }
             for (const double p : holm(p_values)) {
               if (p <= kSignificance) return true;
             }
             return false;
           }),
      kSignificance);
}

TEST(Simulation, Improvement) {
  // A share of 30 comes in steps, so its interval errs somewhat more or less often than 5 %.
  const double paired =
      rate(9, "Wilson's interval of P(A>B) of 30 pairs does not hold 1/2", [](Chance& chance) {
        const Values a = chance.accuracies(30, 0.06);
        const Values b = chance.accuracies(30, 0.06);
        return !paired_improvement(a, b).interval.holds(0.5);
      });
  expect_at_most(paired, kSignificance);
  const double unpaired =
      rate(10, "Newcombe's interval of P(A>B), 30 and 20 seeds, likewise", [](Chance& chance) {
        const Values a = chance.accuracies(30, 0.06);
        const Values b = chance.accuracies(20, 0.06);
        return !unpaired_improvement(a, b).interval.holds(0.5);
      });
  expect_at_most(unpaired, kSignificance);
  EXPECT_GT(paired, 0.01);
  EXPECT_GT(unpaired, 0.01);
}

TEST(Simulation, BootstrapInterval) {
  // Known to err more often than it says where there are few values: no resample is wider than what
  // there is (Efron's intervals are right in the limit). So the bounds here are not those of 5 %.
  const double few =
      rate(11, "BCa interval of the mean of 6 seeds does not hold the mean", [](Chance& chance) {
        const Values values = chance.accuracies(6, 0.06);
        const Values means = bootstrap_means(values, 1, 999);
        return !bca_interval(values, means).holds(99.1);
      });
  const double many = rate(12, "the same of 30 seeds", [](Chance& chance) {
    const Values values = chance.accuracies(30, 0.06);
    const Values means = bootstrap_means(values, 1, 999);
    return !bca_interval(values, means).holds(99.1);
  });
  EXPECT_GT(few, 0.05);
  EXPECT_LT(few, 0.20);
  EXPECT_GT(many, 0.04);
  EXPECT_LT(many, 0.09);
}

}  // namespace
}  // namespace normlab
