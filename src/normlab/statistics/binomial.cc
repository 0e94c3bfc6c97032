#include "normlab/statistics/binomial.h"

#include <algorithm>
#include <cmath>

namespace normlab {

double binomial_floor(double accuracy, int images) {
  const double share = accuracy / 100;
  return 100 * std::sqrt(std::max(0.0, share * (1 - share)) / std::max(images, 1));
}

}  // namespace normlab
