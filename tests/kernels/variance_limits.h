// How exact a mean and a variance can be when the numbers lie far from zero: Chan, Golub & LeVeque,
// "Algorithms for computing the sample variance: analysis and recommendations", The American
// Statistician 37 (1983), table 1. With n numbers, condition kappa = sqrt(1 + mean^2 / var) and
// u = 2^-24, the relative error of the variance is at most
//
//   textbook, E[x^2] - mean^2    n u kappa^2         (mean 1e4, variance 1, n = 100: 600)
//   two sweeps                   n u + (n u kappa)^2                              (0.0036)
//   two sweeps, corrected        n u + n^3 u^3 kappa^2                          (0.000006)
#pragma once

#include "reference/bounded.h"

namespace normlab {

struct VarianceLimits {
  double n;
  double mean;
  double var;

  double kappa_squared() const { return 1 + mean * mean / var; }
  double two_sweeps() const {
    const double nu = n * reference::kRounding;
    return nu + nu * nu * kappa_squared();
  }
  double corrected() const {
    const double nu = n * reference::kRounding;
    return nu + nu * nu * nu * kappa_squared();
  }
};

}  // namespace normlab
