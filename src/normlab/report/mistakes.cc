#include "normlab/report/mistakes.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace normlab {
namespace {

bool comes_before(const Mistake& a, const Mistake& b) {
  return std::tie(a.runs, a.probability) > std::tie(b.runs, b.probability);
}

}  // namespace

void MistakeCounts::add(const Predictions& predictions) {
  if (runs_++ == 0) {
    classes_ = predictions.classes;
    labels_ = predictions.labels;
    confusions_.assign(static_cast<std::size_t>(classes_) * static_cast<std::size_t>(classes_), 0);
  }
  for (int i = 0; i < images(); ++i) {
    const int label = labels_[static_cast<std::size_t>(i)];
    const int predicted = predictions.predicted(i);
    ++confusions_[static_cast<std::size_t>(label * classes_ + predicted)];
    if (predicted == label) continue;
    Wrong& wrong = wrong_[{i, predicted}];
    ++wrong.runs;
    wrong.probability += predictions.of(i)[static_cast<std::size_t>(predicted)];
  }
}

std::vector<Mistake> MistakeCounts::mistakes() const {
  std::vector<Mistake> mistakes;
  for (const auto& [place, wrong] : wrong_) {
    Mistake mistake;
    mistake.index = place.first;
    mistake.label = labels_[static_cast<std::size_t>(place.first)];
    mistake.predicted = place.second;
    mistake.runs = wrong.runs;
    mistake.probability = wrong.probability / wrong.runs;
    // The classes of one image come one after the other.
    if (mistakes.empty() || mistakes.back().index != mistake.index) {
      mistake.wrong_runs = wrong.runs;
      mistakes.push_back(mistake);
      continue;
    }
    mistake.wrong_runs = mistakes.back().wrong_runs + wrong.runs;
    if (comes_before(mistake, mistakes.back())) {
      mistakes.back() = mistake;
    } else {
      mistakes.back().wrong_runs = mistake.wrong_runs;
    }
  }
  std::stable_sort(mistakes.begin(), mistakes.end(), comes_before);
  return mistakes;
}

}  // namespace normlab
