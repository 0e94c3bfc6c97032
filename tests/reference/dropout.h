// Dropout in plain loops. Which numbers fall is drawn elsewhere; `kept` says it. Those kept are
// divided by the share that is kept, 1 - probability, so that the expectation stays what it was.
#pragma once

#include <vector>

#include "reference/array.h"

namespace normlab::reference {

// `kept` has one entry per number of x. The gradient is the same function of dy.
template <class Number>
Array4<Number> dropout(const Array4<Number>& x, const std::vector<bool>& kept, double probability);

// `kept` has one entry per sample and channel, [N][C].
template <class Number>
Array4<Number> dropout2d(const Array4<Number>& x, const std::vector<bool>& kept,
                         double probability);

}  // namespace normlab::reference
