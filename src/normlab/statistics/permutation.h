// Tests that assume no distribution: how often chance alone, handing out the labels anew, would set
// two samples at least as far apart as they are (Fisher, "The design of experiments", 1935).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace normlab {

// Up to so many arrangements all are tried; beyond, so many less one are drawn.
inline constexpr int kArrangements = 1 << 16;

struct PermutationTest {
  double p_value = 1;  // two-sided
  // The least that this test can give with so many values: with five pairs 0.0625, so that no
  // difference whatever can fall below 0.05.
  double smallest_p_value = 1;
  bool is_exact = false;
  // That were tried, or drawn. Drawn, the p-value is (b + 1) / (m + 1), b of m being at least as
  // extreme, which is never too small (Phipson and Smyth, "Permutation p-values should never be
  // zero", 2010).
  int arrangements = 0;
};

// Pairs: which of the two numbers of a pair is whose may be exchanged, so each difference takes
// either sign; what is compared is the mean difference. Exact up to 16 pairs.
//
// Throws std::invalid_argument for unequal lengths, none, or a value that is not finite.
PermutationTest paired_permutation_test(std::span<const double> a, std::span<const double> b,
                                        std::uint64_t seed);

// Two samples: all values are mixed and handed out again. What is compared is Welch's t, not the
// bare difference: then the test also keeps its level, in the limit, where the two samples have the
// same mean and different spreads (Janssen, "Studentized permutation tests for non-i.i.d.
// hypotheses and the generalized Behrens-Fisher problem", 1997). With a sample of one, the bare
// difference.
PermutationTest unpaired_permutation_test(std::span<const double> a, std::span<const double> b,
                                          std::uint64_t seed);

// The least number of pairs, or of values in each of two samples, with which the smallest p-value
// of these tests is at most `level`. Nothing if it is so with no number, as no more arrangements
// are drawn for more values.
std::optional<int> pairs_to_reach(double level);
std::optional<int> values_to_reach(double level);

}  // namespace normlab
