// What the runs of an arm got wrong.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "normlab/experiment/predictions.h"

namespace normlab {

// An image that some run misclassifies, and the wrong class that most of them take it for.
struct Mistake {
  int index = 0;  // in the test set
  int label = 0;
  int predicted = 0;
  int runs = 0;            // that predict this class
  int wrong_runs = 0;      // that misclassify the image, as this class or another
  double probability = 0;  // that the former give the class, their mean
};

// Counts the mistakes of runs, one after the other, so that nobody needs to have the predictions of
// all of them. A run that nothing repeats is counted alone.
class MistakeCounts {
 public:
  // Predictions of the same images as those before.
  void add(const Predictions& predictions);

  int runs() const { return runs_; }
  int images() const { return static_cast<int>(labels_.size()); }
  int classes() const { return classes_; }

  // Those that most runs make first; of these the most confident; equals in the order of the test
  // set. An image that is taken for several wrong classes equally often is there with the one that
  // is given the greater probability.
  std::vector<Mistake> mistakes() const;

  // [label * classes + predicted], summed over the runs.
  const std::vector<int>& confusions() const { return confusions_; }

 private:
  struct Wrong {
    int runs = 0;
    double probability = 0;  // summed
  };

  int runs_ = 0;
  int classes_ = 0;
  std::vector<int> labels_;
  std::vector<int> confusions_;
  std::map<std::pair<int, int>, Wrong> wrong_;  // by image and predicted class
};

}  // namespace normlab
