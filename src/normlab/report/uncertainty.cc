#include "normlab/report/uncertainty.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace normlab {

double standard_error(double accuracy, int images) {
  const double share = accuracy / 100;
  return 100 * std::sqrt(std::max(0.0, share * (1 - share)) / std::max(images, 1));
}

double sign_test(int first, int second) {
  const int tosses = first + second;
  double tail = 0;
  for (int heads = 0; heads <= std::min(first, second); ++heads) {
    const double log_choose =
        std::lgamma(tosses + 1) - std::lgamma(heads + 1) - std::lgamma(tosses - heads + 1);
    tail += std::exp(log_choose - tosses * std::numbers::ln2);
  }
  return std::min(1.0, 2 * tail);
}

PairedComparison compare(const Predictions& first, const Predictions& second) {
  if (first.labels != second.labels) {
    throw std::invalid_argument("predictions of different images cannot be compared");
  }
  PairedComparison comparison;
  for (int i = 0; i < first.size(); ++i) {
    const int label = first.labels[static_cast<std::size_t>(i)];
    const bool first_right = first.predicted(i) == label;
    const bool second_right = second.predicted(i) == label;
    if (first_right && !second_right) ++comparison.only_first;
    if (second_right && !first_right) ++comparison.only_second;
  }
  comparison.p_value = sign_test(comparison.only_first, comparison.only_second);
  return comparison;
}

}  // namespace normlab
