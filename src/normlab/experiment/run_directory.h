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

  // One that several processes share, on this machine or on others: creates it, or goes on in it if
  // its experiment is this one. Throws Error if it holds anything else, or if a process has it for
  // itself. Each run is claimed before it is trained, see claim().
  static RunDirectory join(const std::filesystem::path& path, const std::string& experiment_text);

  // Opens one that others may be at work in, to join what they left; one process at a time.
  static RunDirectory open_to_collect(const std::filesystem::path& path);

  // Opens one to read: nothing is written in it. Throws as open() does.
  static RunDirectory open_to_read(const std::filesystem::path& path);

  ~RunDirectory();
  RunDirectory(RunDirectory&& other) noexcept;
  RunDirectory& operator=(RunDirectory&&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // The folder of a run in it, created if need be.
  std::filesystem::path run_folder(const std::string& run) const;

  // A run that no other process trains meanwhile. It ends with the object, or with the process.
  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept : lock_(std::exchange(other.lock_, -1)) {}
    Claim& operator=(Claim&& other) noexcept {
      std::swap(lock_, other.lock_);
      return *this;
    }
    ~Claim();
    explicit operator bool() const { return lock_ >= 0; }

   private:
    friend class RunDirectory;
    explicit Claim(int lock) : lock_(lock) {}
    int lock_ = -1;
  };
  // Claims the run in this folder of a shared directory; false if another process has it.
  Claim claim(const std::string& run) const;

  // Makes runs/latest point here, atomically, if this folder lies in a folder called "runs".
  // Somebody's own file of that name stays.
  void become_latest() const;

 private:
  RunDirectory(std::filesystem::path path, int lock, int collect_lock = -1)
      : path_(std::move(path)), lock_(lock), collect_lock_(collect_lock) {}

  std::filesystem::path path_;
  int lock_;  // held until the process ends, however it ends; -1: none
  int collect_lock_;
};

}  // namespace normlab
