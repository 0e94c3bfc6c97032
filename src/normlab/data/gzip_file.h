// A file read from front to back, decompressed on the way if it begins as a gzip file does,
// whatever its name says.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace normlab {

class GzipFile {
 public:
  // Throws Error if the file is missing, unreadable or no regular file.
  explicit GzipFile(const std::filesystem::path& path);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  // Fills `to` and returns how much of it: less than all only at the end of the file. Throws Error
  // if the file cannot be read, or if what is compressed is cut short or does not match its
  // checksum (which is known when the end is reached).
  std::size_t read(std::span<std::byte> to);

  // No more than this can follow: the rest of a plain file, 1032 times the size of a compressed one
  // (the most that deflate can do). So memory is never taken on the word of a header alone.
  std::size_t at_most_left() const;

  bool compressed() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Handle;
  std::filesystem::path path_;
  std::size_t size_ = 0;  // on the disk
  std::size_t read_ = 0;  // decompressed so far
  std::unique_ptr<Handle> handle_;
};

}  // namespace normlab
