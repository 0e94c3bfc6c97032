// IDX files and archives of them, made by a test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace normlab {

// The bytes of an IDX file of uint8.
std::vector<std::uint8_t> idx_file(const std::vector<std::uint32_t>& extents,
                                   const std::vector<std::uint8_t>& elements);

std::vector<std::uint8_t> gzipped(const std::vector<std::uint8_t>& bytes);

inline std::string as_text(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace normlab
