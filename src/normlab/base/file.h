// Files that are whole or absent, never half-written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace normlab {

// The bytes of a file. Throws Error naming the path and the system's reason; a file larger than
// `limit` bytes is refused before memory is taken.
std::vector<std::byte> read_file(const std::filesystem::path& path,
                                 std::size_t limit = std::size_t{1} << 34);
std::string read_text_file(const std::filesystem::path& path);

// Writes `bytes` beside `path` under a temporary name, forces them to the disk (fsync) and renames:
// after a crash at any instant the file holds either all of the old or all of the new bytes.
// Throws WriteError naming the path and the system's reason; the temporary file is removed then.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

// Whether a file of this name is one that write_file_atomically() was about to rename.
bool is_temporary_file(const std::filesystem::path& path);

// Creates a folder and its parents; throws WriteError naming the folder and the system's reason.
void create_directories(const std::filesystem::path& path);

}  // namespace normlab
