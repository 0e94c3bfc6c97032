// Highway's exp and log have the same bits on every instruction set with fused multiply-add. Tried
// through the kernels that use them, on every number that can come there or on a dense part.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/instruction_sets.h"
#include "normlab/base/buffer.h"
#include "normlab/kernels/log_softmax.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

std::vector<std::string> fused_sets() {
  std::vector<std::string> names;
  for (const std::string& name : available_instruction_sets()) {
    const InstructionSetScope scope(name);
    if (has_fused_multiply_add()) names.push_back(name);
  }
  return names;
}

// One sum over the bits of many floats, which depends on their order.
class BitSum {
 public:
  void add(const FloatBuffer& values) {
    for (const float value : values) {
      sum_ = (sum_ ^ std::bit_cast<std::uint32_t>(value)) * 0x9e3779b97f4a7c15u;
      sum_ ^= sum_ >> 29;
    }
  }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_ = 1;
};

constexpr int kNumbersPerLane = 256;  // of one call: 4096 numbers

// The kernel subtracts from exp(x) 1 where the class is the sample's label, and multiplies: with a
// label that no class of the last 16 rows has and the factor 1, what it stores is exp(x).
void exponentials(FloatBuffer& y, const FloatBuffer& x) {
  const std::vector<std::uint8_t> labels(kLanes, 0);
  log_softmax_nll_backward(y.data(), x.data(), labels.data(), kLanes, kNumbersPerLane, 1.0f);
}

// exp() of every float from `first` to `last` by their bits, `step` apart. The row of class 0, from
// which 1 is taken, is repeated by the next call's first.
std::uint64_t sum_of_exponentials(std::uint32_t first, std::uint32_t last, std::uint32_t step) {
  FloatBuffer x(static_cast<std::size_t>(kNumbersPerLane) * kLanes);
  FloatBuffer y(x.size());
  BitSum sum;
  std::uint64_t bits = first;
  while (bits <= last) {
    for (float& value : x) {
      value = std::bit_cast<float>(static_cast<std::uint32_t>(std::min<std::uint64_t>(bits, last)));
      bits += step;
    }
    bits -= kLanes * static_cast<std::uint64_t>(step);
    exponentials(y, x);
    sum.add(y);
  }
  return sum.value();
}

constexpr std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

TEST(ExpAndLog, ExpIsTheSameOnEveryLogProbability) {
  const std::vector<std::string> sets = fused_sets();
  if (sets.size() < 2) GTEST_SKIP() << "this machine has " << sets.size() << " such set";
  std::vector<std::uint64_t> sums;
  for (const std::string& name : sets) {
    const InstructionSetScope scope(name);
    // A log-probability is 0 or below. Below -104 exp is 0 in float, above -2^-25 it is 1; between
    // them every 7th float (40 million), outside every 1021st up to infinity.
    sums.push_back(sum_of_exponentials(bits_of(-0x1p-26f), bits_of(-128.0f), 7));
    sums.push_back(sum_of_exponentials(bits_of(-0.0f), bits_of(-HUGE_VALF), 1021));
  }
  for (std::size_t i = 2; i < sums.size(); ++i) {
    EXPECT_EQ(sums[i], sums[i % 2]) << sets[i / 2] << " and " << sets[0];
  }
}

TEST(ExpAndLog, LogIsTheSameOnEverySumOfExponentials) {
  const std::vector<std::string> sets = fused_sets();
  if (sets.size() < 2) GTEST_SKIP() << "this machine has " << sets.size() << " such set";
  std::vector<std::uint64_t> sums;
  for (const std::string& name : sets) {
    const InstructionSetScope scope(name);
    BitSum sum;
    // Of `ones` logits that are 0 and one that is below, class 0 becomes -log(ones + exp(logit)):
    // the argument of the log runs through [ones, ones + 1].
    for (const int ones : {1, 2, 3, 4, 6, 9, 15, 31, 63, 127, 255}) {
      FloatBuffer x(static_cast<std::size_t>(ones + 1) * kLanes, 0.0f);
      FloatBuffer y(x.size());
      const int samples = ones == 1 ? 1 << 22 : 1 << 16;
      for (int sample = 0; sample < samples; sample += kLanes) {
        for (int lane = 0; lane < kLanes; ++lane) {
          const double share = (sample + lane + 0.5) / samples;
          x[static_cast<std::size_t>(ones * kLanes + lane)] = static_cast<float>(std::log(share));
        }
        log_softmax_forward(y.data(), x.data(), ones + 1);
        sum.add(y);
      }
    }
    sums.push_back(sum.value());
  }
  for (std::size_t i = 1; i < sums.size(); ++i) {
    EXPECT_EQ(sums[i], sums[0]) << sets[i] << " and " << sets[0];
  }
}

}  // namespace
}  // namespace normlab
