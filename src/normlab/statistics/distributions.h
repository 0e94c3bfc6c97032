// The distributions that intervals, tests and plans are made from, by Boost.Math.
#pragma once

namespace normlab {

// P(Z <= z) of the standard normal distribution.
double normal_cdf(double z);

// The z with P(Z <= z) = p, 0 < p < 1.
double normal_quantile(double p);

// The t with P(T <= t) = p, 0 < p < 1, of Student's t with this many degrees of freedom (> 0, not
// always whole).
double t_quantile(double p, double degrees);

// P(|T| > t), t > 0, of the noncentral t with noncentrality `shift` >= 0.
double noncentral_t_beyond(double t, double degrees, double shift);

// P(X <= k) of the number of heads in n tosses of a fair coin, 0 <= k <= n.
double fair_coin_cdf(int k, int n);

}  // namespace normlab
