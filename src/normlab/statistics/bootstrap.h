// The bootstrap: what the mean would have been over other samples like this one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "normlab/statistics/interval.h"

namespace normlab {

inline constexpr int kResamples = 9999;

// The means of `resamples` samples of the same size, drawn with replacement, in ascending order.
// The same seed draws the same.
std::vector<double> bootstrap_means(std::span<const double> values, std::uint64_t seed,
                                    int resamples = kResamples);

// The bias-corrected and accelerated interval (BCa: Efron, "Better bootstrap confidence intervals",
// JASA 82, 1987, with the jackknife's acceleration) of the mean of `values`, given the means of
// their resamples in ascending order. Quantiles are interpolated linearly. The one value itself
// where all are equal.
Interval bca_interval(std::span<const double> values, std::span<const double> resampled_means,
                      double confidence = kConfidence);

// Both in one. Nothing for n = 1. Throws std::invalid_argument as mean() does.
std::optional<Interval> bootstrap_interval(std::span<const double> values, std::uint64_t seed,
                                           double confidence = kConfidence);

}  // namespace normlab
