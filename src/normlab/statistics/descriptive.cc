#include "normlab/statistics/descriptive.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "normlab/statistics/distributions.h"
#include "normlab/statistics/values.h"

namespace normlab {
namespace {

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> order(values.begin(), values.end());
  std::sort(order.begin(), order.end());
  return order;
}

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

double mean(std::span<const double> values) {
  require_values(values);
  // Around the first value, so that equal values have exactly their own mean.
  double offsets = 0;
  for (const double value : values) offsets += value - values.front();
  return values.front() + offsets / static_cast<double>(values.size());
}

std::optional<double> standard_deviation(std::span<const double> values) {
  require_values(values);
  if (values.size() == 1) return std::nullopt;
  const double middle = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - middle) * (value - middle);
  return beyond_rounding(std::sqrt(squares / static_cast<double>(values.size() - 1)),
                         largest_size(values));
}

double median(std::span<const double> values) {
  require_values(values);
  const std::vector<double> order = sorted(values);
  const std::size_t half = order.size() / 2;
  return order.size() % 2 == 1 ? order[half] : (order[half - 1] + order[half]) / 2;
}

double interquartile_mean(std::span<const double> values) {
  require_values(values);
  const std::vector<double> order = sorted(values);
  const std::size_t quarter = order.size() / 4;
  const std::span<const double> middle =
      std::span(order).subspan(quarter, order.size() - 2 * quarter);
  return sum(middle) / static_cast<double>(middle.size());
}

std::optional<Interval> t_interval(std::span<const double> values, double confidence) {
  const std::optional<double> spread = standard_deviation(values);
  if (!spread) return std::nullopt;
  return t_interval(mean(values), *spread, values.size(), confidence);
}

Interval t_interval(double mean, double standard_deviation, std::size_t n, double confidence) {
  const auto count = static_cast<double>(n);
  const double reach =
      t_quantile((1 + confidence) / 2, count - 1) * standard_deviation / std::sqrt(count);
  return {mean - reach, mean + reach};
}

Summary summarize(std::span<const double> values) {
  return {.n = static_cast<int>(values.size()),
          .mean = mean(values),
          .standard_deviation = standard_deviation(values),
          .interval = t_interval(values),
          .median = median(values),
          .interquartile_mean = interquartile_mean(values)};
}

}  // namespace normlab
