#include "normlab/statistics/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>

namespace normlab {
namespace {

struct Bin {
  double images = 0;
  double right = 0;
  double confidence = 0;  // their sum
};

std::size_t bin_of(double confidence) {
  const double position = std::ceil(confidence * kCalibrationBins) - 1;
  return static_cast<std::size_t>(std::clamp(position, 0.0, kCalibrationBins - 1.0));
}

}  // namespace

PredictionScores score_predictions(std::span<const int> labels,
                                   std::span<const float> probabilities, int classes) {
  const auto width = static_cast<std::size_t>(std::max(classes, 1));
  if (labels.empty() || probabilities.size() != labels.size() * width) {
    throw std::invalid_argument("there are not as many probabilities as images times classes");
  }
  const auto n = static_cast<double>(labels.size());
  PredictionScores scores;
  std::array<Bin, kCalibrationBins> bins;
  std::vector<double> right(width, 0.0);
  std::vector<double> images(width, 0.0);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> row = probabilities.subspan(i * width, width);
    if (labels[i] < 0 || labels[i] >= classes ||
        std::any_of(row.begin(), row.end(), [](float p) { return !std::isfinite(p); })) {
      throw std::invalid_argument(
          "a label outside the classes, or a probability that is no number");
    }
    const auto label = static_cast<std::size_t>(labels[i]);
    const auto predicted =
        static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    const double hit = predicted == label ? 1 : 0;
    scores.negative_log_likelihood -=
        std::log(std::max<double>(row[label], std::numeric_limits<float>::min())) / n;
    for (std::size_t k = 0; k < width; ++k) {
      const double error = static_cast<double>(row[k]) - (k == label ? 1 : 0);
      scores.brier += error * error / n;
    }
    Bin& bin = bins[bin_of(row[predicted])];
    bin.images += 1;
    bin.right += hit;
    bin.confidence += static_cast<double>(row[predicted]);
    right[label] += hit;
    images[label] += 1;
  }
  for (const Bin& bin : bins)
    scores.calibration_error += 100 * std::abs(bin.right - bin.confidence) / n;
  double all = 0;
  for (std::size_t k = 0; k < width; ++k) {
    all += right[k];
    scores.class_accuracy.push_back(images[k] == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                   : 100 * right[k] / images[k]);
  }
  scores.accuracy = 100 * all / n;
  return scores;
}

}  // namespace normlab
