// By how much the means of two samples differ.
#pragma once

#include <optional>
#include <span>

#include "normlab/statistics/interval.h"

namespace normlab {

struct Difference {
  double mean = 0;  // of a minus that of b
  // Paired: of the differences. Unpaired: the root of the mean of both variances, which is what the
  // effect size of a plan is measured in. Nothing where n is 1.
  std::optional<double> standard_deviation;
  std::optional<Interval> interval;  // of the mean; nothing where n is 1
  double degrees = 0;                // of freedom of the t behind the interval

  // Half the width of the interval: "0.03 ± 0.05".
  std::optional<double> reach() const {
    return interval ? std::optional((interval->high - interval->low) / 2) : std::nullopt;
  }
};

// Of pairs: the t interval of a[i] - b[i]. Throws std::invalid_argument for unequal lengths, none,
// or a value that is not finite.
Difference paired_difference(std::span<const double> a, std::span<const double> b,
                             double confidence = kConfidence);

// Of two samples with spreads of their own (Welch, "The generalization of 'Student's' problem when
// several different population variances are involved", Biometrika 34, 1947).
Difference unpaired_difference(std::span<const double> a, std::span<const double> b,
                               double confidence = kConfidence);

}  // namespace normlab
