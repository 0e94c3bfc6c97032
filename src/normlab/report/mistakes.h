// What a run's predictions got wrong.
#pragma once

#include <vector>

#include "normlab/experiment/predictions.h"

namespace normlab {

struct Mistake {
  int index = 0;  // in the test set
  int label = 0;
  int predicted = 0;
  float probability = 0;  // of the predicted class
};

// Misclassified images, the most confident first; equals in the order of the test set.
std::vector<Mistake> find_mistakes(const Predictions& predictions);

// counts[label * classes + predicted].
std::vector<int> count_confusions(const Predictions& predictions);

}  // namespace normlab
