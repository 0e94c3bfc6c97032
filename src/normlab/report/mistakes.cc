#include "normlab/report/mistakes.h"

#include <algorithm>
#include <cstddef>

namespace normlab {

std::vector<Mistake> find_mistakes(const Predictions& predictions) {
  std::vector<Mistake> mistakes;
  for (int i = 0; i < predictions.size(); ++i) {
    const int label = predictions.labels[static_cast<std::size_t>(i)];
    const int predicted = predictions.predicted(i);
    if (predicted == label) continue;
    const float probability = predictions.of(i)[static_cast<std::size_t>(predicted)];
    mistakes.push_back({i, label, predicted, probability});
  }
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return a.probability > b.probability;
  });
  return mistakes;
}

std::vector<int> count_confusions(const Predictions& predictions) {
  const auto classes = static_cast<std::size_t>(predictions.classes);
  std::vector<int> counts(classes * classes);
  for (int i = 0; i < predictions.size(); ++i) {
    const auto label = static_cast<std::size_t>(predictions.labels[static_cast<std::size_t>(i)]);
    ++counts[label * classes + static_cast<std::size_t>(predictions.predicted(i))];
  }
  return counts;
}

}  // namespace normlab
