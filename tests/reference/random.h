// Seeded values for tests. While a Random lives, every failure in its scope prints the seed; with
// NORMLAB_TEST_SEED=n in the environment all tests draw other values.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace normlab::reference {

class Random {
 public:
  explicit Random(std::uint64_t seed);

  // Every number is a float, so that kernels and references start from the same ones.
  float uniform(float low, float high);
  float normal(float mean, float standard_deviation);
  // In {low, ..., high}.
  int integer(int low, int high);

  std::vector<float> uniforms(std::size_t count, float low, float high);
  std::vector<float> normals(std::size_t count, float mean, float standard_deviation);
  std::vector<float> integers(std::size_t count, int low, int high);

 private:
  explicit Random(std::uint64_t seed, std::uint64_t from_environment);

  std::mt19937_64 engine_;
  ::testing::ScopedTrace trace_;
};

}  // namespace normlab::reference
