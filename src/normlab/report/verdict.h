// What a comparison comes to, in plain words.
#pragma once

#include <string>
#include <vector>

#include "normlab/report/comparison.h"

namespace normlab {

// "LN beats GN by 0.03 ± 0.05 points over 30 seeds: no evidence of a difference; 120 seeds would be
// needed to see 0.03". Needs all of the pair but its verdict.
std::string verdict(const Comparison& comparison, const PairStatistics& pair);

// Whether the verdict says so: after Holm's correction, and over no fewer than five seeds.
bool is_real(const PairStatistics& pair);

// Sentences on what all of it cannot show: too few seeds, a test set of so many images.
std::vector<std::string> comparison_notes(const Comparison& comparison);

// A difference in percentage points: "0.03", "0.0042", "0".
std::string points(double difference);

// "0.0312", "< 0.0001".
std::string probability_text(double p);

}  // namespace normlab
