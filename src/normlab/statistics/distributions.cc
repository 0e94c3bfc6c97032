#include "normlab/statistics/distributions.h"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>

namespace normlab {

namespace math = boost::math;

double normal_cdf(double z) { return math::cdf(math::normal(), z); }

double normal_quantile(double p) { return math::quantile(math::normal(), p); }

double t_quantile(double p, double degrees) { return math::quantile(math::students_t(degrees), p); }

double noncentral_t_beyond(double t, double degrees, double shift) {
  // T = (Z + shift) / sqrt(chi2 / degrees). Boost's sums have shift^2 / 2 terms; long before they
  // are too many, Z says nothing beside the shift.
  constexpr double kFar = 1e4;
  if (shift > kFar) {
    const double ratio = shift / t;
    return math::gamma_p(degrees / 2, degrees / 2 * ratio * ratio);
  }
  const math::non_central_t distribution(degrees, shift);
  return math::cdf(math::complement(distribution, t)) + math::cdf(distribution, -t);
}

double fair_coin_cdf(int k, int n) { return math::cdf(math::binomial(n, 0.5), k); }

}  // namespace normlab
