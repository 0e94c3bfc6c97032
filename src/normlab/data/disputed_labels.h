// Labels that human raters disputed.
#pragma once

#include <span>

#include "normlab/data/dataset.h"

namespace normlab {

// A label for which fewer than three of five raters voted.
struct DisputedLabel {
  int index = 0;      // of the image in its split, from 0
  int given = 0;      // the label
  int suggested = 0;  // the class that was put to the raters beside it
  // Votes.
  int for_given = 0;
  int for_suggested = 0;
  int for_neither = 0;
};

// Those of the test set of MNIST, by index; none of any other images. It is told by the sums of its
// files, and by what they label these images, so that neither a part of it nor another choice of
// the same name and size (emnist-mnist) is taken for it, whatever it is called.
//
// From C. G. Northcutt, A. Athalye and J. Mueller, "Pervasive label errors in test sets
// destabilize machine learning benchmarks" (arXiv:2103.14749): the file mturk/mnist_mturk.json of
// the repository cleanlab/label-errors, in which five raters each saw 100 images. Labels that were
// not put to raters may be wrong as well.
std::span<const DisputedLabel> disputed_labels(const Dataset& data);

}  // namespace normlab
