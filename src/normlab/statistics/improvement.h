// P(A > B): how often A beats B, which matters to whoever trains once.
#pragma once

#include <span>

#include "normlab/statistics/interval.h"

namespace normlab {

struct Improvement {
  double probability = 0.5;  // a tie counts half
  Interval interval;         // within 0 to 1, and never of no width
};

// Of pairs: the share that A wins (Bouthillier et al., "Accounting for variance in machine learning
// benchmarks", MLSys 2021). The interval is Wilson's ("Probable inference, the law of succession,
// and statistical inference", JASA 22, 1927), not their percentile bootstrap, which says "exactly
// 1" when A wins all of five pairs. With ties it is wider than need be.
//
// Throws std::invalid_argument for unequal lengths, none, or a value that is not finite.
Improvement paired_improvement(std::span<const double> a, std::span<const double> b,
                               double confidence = kConfidence);

// Of two samples: the share of all n m comparisons that A wins, U / (n m) of Mann and Whitney. The
// interval is Newcombe's fifth ("Confidence intervals for an effect size measure based on the
// Mann-Whitney statistic. Part 2: asymptotic methods and evaluation", Statistics in Medicine 25,
// 2006): the probabilities from which this share is less than z standard errors away, with Hanley
// and McNeil's variance of 1982 for two exponential distributions and equal sample sizes in it.
Improvement unpaired_improvement(std::span<const double> a, std::span<const double> b,
                                 double confidence = kConfidence);

}  // namespace normlab
