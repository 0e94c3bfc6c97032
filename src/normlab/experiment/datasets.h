// The data sets of an experiment, each loaded once.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "normlab/data/dataset.h"
#include "normlab/data/load.h"
#include "normlab/data/tile_loader.h"
#include "normlab/experiment/environment.h"

namespace normlab {

struct DatasetPair {
  Dataset train;       // without the images held out
  Dataset validation;  // those; empty if there are none
  Dataset test;

  // For Trainer.
  const Dataset* held_out() const { return validation.size() > 0 ? &validation : nullptr; }
};

// Moves `count` images of `train` into the set that is returned, both in their old order. Which
// they are is drawn from the number of images alone, so that every run and every seed holds out the
// same, and a data set that is sorted by class loses some of each. Throws UsageError if nothing
// would be left.
Dataset hold_out(Dataset& train, int count);

class Datasets {
 public:
  explicit Datasets(LoadOptions options) : options_(std::move(options)) {}

  // Loads at the first call for a name, which is one that is known or a folder (data/load.h), and
  // holds out `validation` images; throws as load_dataset() and hold_out() do. The pair stays where
  // it is.
  const DatasetPair& get(const std::string& name, int validation = 0);

  // measure_scale() of the training images, measured once.
  const PixelScale& scale(const std::string& name, int validation = 0);

  // SHA-256 of the (decompressed) files of all that were loaded.
  std::vector<DataSum> sums() const;

 private:
  LoadOptions options_;
  using Key = std::pair<std::string, int>;
  std::map<Key, DatasetPair> loaded_;
  std::map<Key, PixelScale> scales_;
};

// Mean and standard deviation of each channel's pixels / 255, rounded to four decimals as they are
// quoted (MNIST: 0.1307, 0.3081).
PixelScale measure_scale(const Dataset& data);

}  // namespace normlab
