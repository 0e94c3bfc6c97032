// The data sets of an experiment, each loaded once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "normlab/data/dataset.h"
#include "normlab/data/load.h"
#include "normlab/data/tile_loader.h"
#include "normlab/experiment/environment.h"

namespace normlab {

struct DatasetPair {
  Dataset train;
  Dataset test;
};

class Datasets {
 public:
  explicit Datasets(LoadOptions options) : options_(std::move(options)) {}

  // Loads at the first call for a name, which is one that is known or a folder (data/load.h);
  // throws as load_dataset does. The pair stays where it is.
  const DatasetPair& get(const std::string& name);

  // measure_scale() of the training images, measured once.
  const PixelScale& scale(const std::string& name);

  // SHA-256 of the (decompressed) files of all that were loaded.
  std::vector<DataSum> sums() const;

 private:
  LoadOptions options_;
  std::map<std::string, DatasetPair> loaded_;
  std::map<std::string, PixelScale> scales_;
};

// Mean and standard deviation of each channel's pixels / 255, rounded to four decimals as they are
// quoted (MNIST: 0.1307, 0.3081).
PixelScale measure_scale(const Dataset& data);

}  // namespace normlab
