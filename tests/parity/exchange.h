// What another program hands over: plain batches and named weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "normlab/base/workers.h"
#include "normlab/formats/safetensors.h"
#include "normlab/nn/network.h"
#include "normlab/nn/step.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

// A batch whose images are [N][C][H][W] floats.
class PlainBatch {
 public:
  PlainBatch(const Shape& shape, const std::vector<float>& images,
             std::vector<std::uint8_t> labels);

  // Refers to this object, which must outlive it.
  Batch batch() const;

 private:
  int samples_;
  Tiles tiles_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::uint32_t> sample_ids_;
};

// Takes every parameter from the tensor "weights." + its name. Throws Error if one is missing or
// has another number of elements.
void load_weights(Network& network, const SafetensorsFile& file, const std::string& source);

// A norm as tests/parity/networks.py names it: "batch"; "group/3+ws@before" is group norm in 3
// groups with standardized weights, before the ReLU. A ghost batch is 16 samples there.
Norm norm_of_parity(const std::string& text);

// In evaluation mode: [N][classes].
std::vector<float> log_probabilities(const Network& network, const Batch& batch, Workers& workers);

}  // namespace normlab
