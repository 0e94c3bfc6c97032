#include "reference/random.h"

#include <cmath>
#include <cstdlib>
#include <numbers>
#include <string>

namespace normlab::reference {
namespace {

std::uint64_t seed_from_environment() {
  const char* text = std::getenv("NORMLAB_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 0;
}

}  // namespace

Random::Random(std::uint64_t seed) : Random(seed, seed_from_environment()) {}

Random::Random(std::uint64_t seed, std::uint64_t from_environment)
    : engine_(seed + 1'000'003 * from_environment),
      trace_(__FILE__, __LINE__,
             "values of Random(" + std::to_string(seed) +
                 ") with NORMLAB_TEST_SEED=" + std::to_string(from_environment)) {}

// The distributions of <random> differ between standard libraries; these do not.
float Random::uniform(float low, float high) {
  const double share = static_cast<double>(engine_() >> 11) * 0x1p-53;
  return static_cast<float>(low + (static_cast<double>(high) - low) * share);
}

float Random::normal(float mean, float standard_deviation) {
  const double radius_share = static_cast<double>((engine_() >> 11) + 1) * 0x1p-53;
  const double angle_share = static_cast<double>(engine_() >> 11) * 0x1p-53;
  const double value =
      std::sqrt(-2 * std::log(radius_share)) * std::cos(2 * std::numbers::pi * angle_share);
  return static_cast<float>(mean + standard_deviation * value);
}

int Random::integer(int low, int high) {
  return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1));
}

std::vector<float> Random::uniforms(std::size_t count, float low, float high) {
  std::vector<float> values(count);
  for (float& value : values) value = uniform(low, high);
  return values;
}

std::vector<float> Random::normals(std::size_t count, float mean, float standard_deviation) {
  std::vector<float> values(count);
  for (float& value : values) value = normal(mean, standard_deviation);
  return values;
}

std::vector<float> Random::integers(std::size_t count, int low, int high) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(integer(low, high));
  return values;
}

}  // namespace normlab::reference
