// Files out of a .zip archive: enough for EMNIST, which is published as one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace normlab {

// The content of one member, stored or deflated, compared with its checksum. Throws Error naming
// the archive and what is wrong: no archive, cut short, no such member, larger than `most_bytes`,
// damaged, encrypted or of the 64-bit kind (which is not supported).
std::vector<std::byte> read_zip_member(const std::filesystem::path& archive,
                                       const std::string& member,
                                       std::size_t most_bytes = std::size_t{1} << 30);

}  // namespace normlab
