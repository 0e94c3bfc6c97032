// Two networks on the same images.
#pragma once

#include <vector>

namespace normlab {

// Only images on which one network is right and the other wrong tell the two apart.
struct McNemar {
  int only_first = 0;   // images that only the first gets right
  int only_second = 0;  // and only the second
  // Probability of a split at least as uneven if both were equally good: the exact two-sided test
  // (McNemar, "Note on the sampling error of the difference between correlated proportions or
  // percentages", Psychometrika 12, 1947; exact because it sums the binomial). 1 if they never
  // differ.
  double p_value = 1;
};

// Whether each image was classified correctly, in the same order. Throws std::invalid_argument if
// the two are not of the same length.
McNemar mcnemar(const std::vector<bool>& first, const std::vector<bool>& second);

// The two-sided sign test of so many against so many.
double sign_test(int first, int second);

}  // namespace normlab
