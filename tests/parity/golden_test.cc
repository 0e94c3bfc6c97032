#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "parity/golden_step.h"

namespace normlab {

void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.name; }

namespace {

class Golden : public testing::TestWithParam<GoldenCase> {};

// The bound is that of docs/parity.md, whose figures are those printed here; PyTorch's own float32
// stays under 5e-6 in these files.
TEST_P(Golden, StepAgreesWithPyTorchInDouble) {
  for (const auto algorithm : {ConvolutionAlgorithm::kDirect, ConvolutionAlgorithm::kWinograd}) {
    double largest = 0;
    double pytorch_float32 = 0;
    for (const int threads : {1, 3}) {
      Workers workers(threads);
      for (const auto& difference :
           compare_with_golden(NORMLAB_SOURCE_DIR, GetParam(), algorithm, workers)) {
        EXPECT_LE(difference.ours, 1e-5)
            << difference.quantity << ", " << to_string(algorithm) << " convolution, " << threads
            << " threads; PyTorch's float32 is " << difference.pytorch_float32 << " away";
        largest = std::max(largest, difference.ours);
        pytorch_float32 = std::max(pytorch_float32, difference.pytorch_float32);
      }
    }
    std::cout << GetParam().name << ", " << to_string(algorithm) << " convolution: at most "
              << largest << " away, PyTorch's float32 " << pytorch_float32 << "\n";
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Golden, testing::ValuesIn(golden_cases()), [](const auto& test) {
  std::string name = test.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace normlab
