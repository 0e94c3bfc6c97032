// What the size of the test set does to an accuracy.
#pragma once

namespace normlab {

// Standard deviation, in percentage points, of an accuracy (percent) on that many images: that of a
// binomial share, 100 sqrt(p (1 - p) / n). 0.09 for 99.2 % of 10,000. No number of seeds takes it
// away: all of them are tested on the same images.
double binomial_floor(double accuracy, int images);

}  // namespace normlab
