// One training step against PyTorch's, from the files that tests/golden/parity.py writes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "normlab/base/workers.h"
#include "normlab/nn/network.h"
#include "normlab/nn/norm.h"

namespace normlab {

struct GoldenCase {
  std::string name;   // of the file in tests/data/golden, without its ending
  std::string model;  // path below the root of the sources
  std::string norm;   // as norm_of_parity() reads it (exchange.h)
  float l1;
};

// Every file there is.
std::vector<GoldenCase> golden_cases();

// How far one quantity of the step lies from PyTorch's float64, relative in L2.
struct Difference {
  std::string quantity;  // "gradient.conv1.0.weight"
  double ours;
  double pytorch_float32;  // what PyTorch's own single precision reaches
};

// Runs the step and compares every quantity of the file: loss, objective, the gradient of each
// parameter, running statistics after the step, log-probabilities in evaluation mode. Throws Error
// if file and network do not name the same quantities.
std::vector<Difference> compare_with_golden(const std::filesystem::path& root,
                                            const GoldenCase& golden,
                                            ConvolutionAlgorithm convolution, Workers& workers);

}  // namespace normlab
