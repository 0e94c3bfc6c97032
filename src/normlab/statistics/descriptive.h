// What a number is over repetitions: its middle, its spread, and how well the mean is known.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "normlab/statistics/interval.h"

namespace normlab {

// All of these throw std::invalid_argument for no values, or one that is not finite.

double mean(std::span<const double> values);

// Of the population they are a sample of: the sum of squares is divided by n - 1. Nothing for n
// = 1. Exactly 0 if all are equal but for rounding.
std::optional<double> standard_deviation(std::span<const double> values);

double median(std::span<const double> values);

// The mean of the middle half: a quarter of the values, rounded down, is left out at each end
// (Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", NeurIPS
// 2021, who use it because one run that went astray moves the mean and wastes less than the
// median).
double interquartile_mean(std::span<const double> values);

// Of the mean, by Student's t: mean ± t sd / sqrt(n). Nothing for n = 1.
std::optional<Interval> t_interval(std::span<const double> values, double confidence = kConfidence);
Interval t_interval(double mean, double standard_deviation, std::size_t n, double confidence);

struct Summary {
  int n = 0;
  double mean = 0;
  std::optional<double> standard_deviation;
  std::optional<Interval> interval;  // of the mean, by t
  double median = 0;
  double interquartile_mean = 0;
};

Summary summarize(std::span<const double> values);

}  // namespace normlab
