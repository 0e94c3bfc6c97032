#include "normlab/statistics/mcnemar.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "normlab/statistics/distributions.h"

namespace normlab {

double sign_test(int first, int second) {
  return std::min(1.0, 2 * fair_coin_cdf(std::min(first, second), first + second));
}

McNemar mcnemar(const std::vector<bool>& first, const std::vector<bool>& second) {
  if (first.size() != second.size()) {
    throw std::invalid_argument("predictions of different images cannot be compared");
  }
  McNemar result;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] && !second[i]) ++result.only_first;
    if (second[i] && !first[i]) ++result.only_second;
  }
  result.p_value = sign_test(result.only_first, result.only_second);
  return result;
}

}  // namespace normlab
