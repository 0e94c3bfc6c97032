// One process, or one thread, at a time.
#pragma once

#include <filesystem>
#include <functional>

namespace normlab {

class FileLock {
 public:
  // Takes the lock (flock) on `path`, which is created if need be; if another holds it, calls
  // `waiting` and waits. The system frees it when the process ends, however it ends. Throws Error
  // if the file cannot be created.
  explicit FileLock(const std::filesystem::path& path, const std::function<void()>& waiting = {});
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace normlab
