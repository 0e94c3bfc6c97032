// The folder that an experiment leaves, while it is at work in it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

namespace normlab {

class RunDirectory {
 public:
  // Creates `out`, or runs/<name>-<time> if `out` is empty. A folder that holds anything is never
  // reused: throws Error that says how to go on with it instead.
  static RunDirectory create(const std::filesystem::path& out, const std::string& name);

  // Opens one to go on in. Throws Error if it is none, or if another process is at work in it.
  static RunDirectory open(const std::filesystem::path& path);

  // Opens one to read: nothing is written in it. Throws as open() does.
  static RunDirectory open_to_read(const std::filesystem::path& path);

  ~RunDirectory();
  RunDirectory(RunDirectory&& other) noexcept;
  RunDirectory& operator=(RunDirectory&&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // The folder of a run in it, created if need be.
  std::filesystem::path run_folder(const std::string& run) const;

  // Makes runs/latest point here, atomically, if this folder lies in a folder called "runs".
  // Somebody's own file of that name stays.
  void become_latest() const;

 private:
  RunDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;  // held until the process ends, however it ends; -1: none
};

}  // namespace normlab
