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

// Likewise, but leaves a file that is there as it is: false then. Of several processes, on this
// machine or on others, one succeeds.
bool create_file_atomically(const std::filesystem::path& path, std::string_view text);

// Removes what write_file_atomically() leaves in `folder` and the folders in it when the program is
// killed: temporary files whose process is no more, or has the number of this one, as in a
// container that was started again. Only for whoever knows that this process does not write there
// yet, nor one on another machine. What cannot be removed stays.
void remove_abandoned_files(const std::filesystem::path& folder);

// True for a temporary file of write_file_atomically(), whoever writes it.
bool is_temporary_file(const std::filesystem::path& path);

// Creates a folder and its parents; throws WriteError naming the folder and the system's reason.
void create_directories(const std::filesystem::path& path);

}  // namespace normlab
