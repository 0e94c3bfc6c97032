// What probabilities are worth: scores of a network's predictions beyond right and wrong.
#pragma once

#include <span>
#include <vector>

namespace normlab {

inline constexpr int kCalibrationBins = 15;

struct PredictionScores {
  double accuracy = 0;  // percent
  // Mean of -log of the probability of the true class, in nats. A probability of 0 counts as the
  // least normal float, 2^-126: infinity would end every comparison.
  double negative_log_likelihood = 0;
  // Mean over images of the sum over classes of (probability - truth)^2, from 0 to 2 (Brier,
  // "Verification of forecasts expressed in terms of probability", 1950).
  double brier = 0;
  // Expected calibration error in percentage points: images are sorted by the probability of the
  // predicted class into 15 bins of equal width, and the distances between accuracy and mean
  // probability of the bins are averaged by their numbers of images (Guo et al., "On calibration of
  // modern neural networks", ICML 2017).
  double calibration_error = 0;
  std::vector<double> class_accuracy;  // [classes], percent; NaN for a class without images
};

// labels [N], probabilities [N][classes]. The predicted class is the first of the most probable.
// Throws std::invalid_argument for no images, sizes that do not fit, a label outside the classes or
// a probability that is no number.
PredictionScores score_predictions(std::span<const int> labels,
                                   std::span<const float> probabilities, int classes);

}  // namespace normlab
