#include "reference/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace normlab {
namespace {

// Calls wrong(i) for each number; one failure tells how many are wrong and shows the first.
template <class Wrong, class Show>
void expect_none(const char* name, std::size_t expected, std::size_t actual, const Wrong& wrong,
                 const Show& show) {
  ASSERT_EQ(expected, actual) << name;
  std::size_t failures = 0;
  std::size_t first = 0;
  for (std::size_t i = expected; i-- > 0;) {
    if (!wrong(i)) continue;
    ++failures;
    first = i;
  }
  if (failures > 0) {
    ADD_FAILURE() << name << ": " << failures << " of " << expected << " numbers are wrong, first "
                  << name << "[" << first << "]: " << show(first);
  }
}

std::string text(double value) {
  std::ostringstream stream;
  stream.precision(17);
  stream << value;
  return stream.str();
}

}  // namespace

void expect_within(const char* name, std::span<const reference::Bounded> expected,
                   std::span<const float> actual, double looseness) {
  const auto distance = [&](std::size_t i) {
    return std::abs(static_cast<double>(actual[i]) - expected[i].value);
  };
  expect_none(
      name, expected.size(), actual.size(),
      [&](std::size_t i) {
        return !(std::isfinite(expected[i].error) && distance(i) <= expected[i].error);
      },
      [&](std::size_t i) {
        return text(static_cast<double>(actual[i])) + " instead of " + text(expected[i].value) +
               ", off by " + text(distance(i)) + ", limit " + text(expected[i].error);
      });
  if (looseness == 0) return;
  double largest = 0;
  double loosest = 0;
  for (const reference::Bounded& number : expected) {
    largest = std::max(largest, std::abs(number.value));
    loosest = std::max(loosest, number.error);
  }
  EXPECT_LE(loosest, looseness * largest) << name << ": the limits are too loose to prove anything";
}

void expect_exact(const char* name, std::span<const double> expected,
                  std::span<const float> actual) {
  expect_none(
      name, expected.size(), actual.size(),
      [&](std::size_t i) { return !(static_cast<double>(actual[i]) == expected[i]); },
      [&](std::size_t i) {
        return text(static_cast<double>(actual[i])) + " instead of exactly " + text(expected[i]);
      });
}

void expect_same_bits(const char* name, std::span<const float> expected,
                      std::span<const float> actual) {
  expect_none(
      name, expected.size(), actual.size(),
      [&](std::size_t i) {
        return std::bit_cast<std::uint32_t>(expected[i]) != std::bit_cast<std::uint32_t>(actual[i]);
      },
      [&](std::size_t i) {
        return text(static_cast<double>(actual[i])) + " instead of the bits of " +
               text(static_cast<double>(expected[i]));
      });
}

}  // namespace normlab
