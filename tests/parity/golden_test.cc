#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "parity/golden_step.h"

namespace normlab {

void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.name; }

namespace {

class Golden : public testing::TestWithParam<GoldenCase> {};

// The bound is that of docs/parity.md; PyTorch's own float32 stays under 5e-6 in these files.
TEST_P(Golden, StepAgreesWithPyTorchInDouble) {
  for (const auto algorithm : {ConvolutionAlgorithm::kDirect, ConvolutionAlgorithm::kWinograd}) {
    for (const int threads : {1, 3}) {
      Workers workers(threads);
      for (const auto& difference :
           compare_with_golden(NORMLAB_SOURCE_DIR, GetParam(), algorithm, workers)) {
        EXPECT_LE(difference.ours, 1e-5)
            << difference.quantity << ", " << to_string(algorithm) << " convolution, " << threads
            << " threads; PyTorch's float32 is " << difference.pytorch_float32 << " away";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Golden, testing::ValuesIn(golden_cases()), [](const auto& test) {
  std::string name = test.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace normlab
