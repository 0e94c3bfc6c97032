// What chance does to an accuracy that was measured on a test set.
#pragma once

#include "normlab/experiment/predictions.h"

namespace normlab {

// Standard error, in percentage points, of an accuracy (percent) on that many images: the deviation
// of a binomial share, 100 sqrt(p (1 - p) / n). 0.09 for 99.2 % of 10,000.
double standard_error(double accuracy, int images);

// Two networks on the same images: only those on which one is right and the other wrong tell them
// apart.
struct PairedComparison {
  int only_first = 0;   // images that only the first network gets right
  int only_second = 0;  // and only the second
  // Probability of a split at least as uneven if both were equally good: the exact two-sided sign
  // test (McNemar's test: Psychometrika 12, 1947). 1 if they never differ.
  double p_value = 1;
};

// Throws std::invalid_argument if the predictions are not of the same images.
PairedComparison compare(const Predictions& first, const Predictions& second);

// The two-sided sign test itself.
double sign_test(int first, int second);

}  // namespace normlab
