// The folder that an experiment leaves, while it is at work in it.
#pragma once

#include <filesystem>
#include <string>

namespace normlab {

class RunDirectory {
 public:
  // Creates `out`, or runs/<name>-<time> if it is empty. A folder that holds anything is never
  // reused: throws Error that says how to go on with it instead.
  static RunDirectory create(const std::filesystem::path& out, const std::string& name);

  // Opens one to go on in. Throws Error if it is none, or if another process is at work in it.
  static RunDirectory open(const std::filesystem::path& path);

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
  explicit RunDirectory(std::filesystem::path path);

  std::filesystem::path path_;
  int lock_;  // held until the process ends, however it ends
};

}  // namespace normlab
