#include "normlab/formats/shortest.h"

#include <array>
#include <charconv>

namespace normlab {

double shortest(float value) {
  std::array<char, 32> digits{};
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  double result = value;
  std::from_chars(digits.data(), end, result);
  return result;
}

}  // namespace normlab
