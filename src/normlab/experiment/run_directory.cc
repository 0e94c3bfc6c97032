#include "normlab/experiment/run_directory.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"

namespace normlab {
namespace {

constexpr auto kLockFile = ".lock";
constexpr auto kCollectLockFile = ".collect-lock";

// Throws std::filesystem::filesystem_error where one may not look.
bool holds_experiment(const std::filesystem::path& path) {
  return std::filesystem::is_regular_file(path / "experiment.toml");
}

// Creates the folder; false if there is one already.
bool create_new(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const bool created = !error && std::filesystem::create_directory(path, error);
  if (error && error != std::errc::file_exists) {
    throw WriteError(fmt::format("{}: folder cannot be created: {}. Choose another with --out",
                                 path.string(), error.message()));
  }
  return created;
}

std::filesystem::path create_named(const std::string& name) {
  const std::string stem =
      fmt::format("{}-{:%Y%m%d-%H%M%S}", name, fmt::localtime(std::time(nullptr)));
  for (int attempt = 1;; ++attempt) {
    const std::filesystem::path path =
        std::filesystem::path("runs") / (attempt == 1 ? stem : fmt::format("{}-{}", stem, attempt));
    if (create_new(path)) return path;
  }
}

// What a program leaves that was killed before it wrote its experiment.toml is no use.
bool is_unused(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename() != kLockFile && !is_temporary_file(entry.path())) return false;
  }
  return !error;
}

void require_experiment(const std::filesystem::path& path) {
  if (holds_experiment(path)) return;
  throw Error(
      fmt::format("{}: no run of normlab is there (it has no experiment.toml)", path.string()));
}

void hold(int lock, int kind, const std::filesystem::path& path) {
  if (::flock(lock, kind | LOCK_NB) == 0) return;
  ::close(lock);
  throw Error(
      fmt::format("{}: the folder is in use, another normlab is at work in it", path.string()));
}

int open_lock(const std::filesystem::path& file) {
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) {
    throw WriteError(fmt::format("{}: nothing can be written there: {}",
                                 file.parent_path().string(),
                                 std::generic_category().message(errno)));
  }
  return lock;
}

int lock_to_write(const std::filesystem::path& path) {
  const int lock = open_lock(path / kLockFile);
  hold(lock, LOCK_EX, path);
  remove_abandoned_files(path);
  return lock;
}

}  // namespace

RunDirectory RunDirectory::create(const std::filesystem::path& out, const std::string& name) {
  if (out.empty()) {
    const std::filesystem::path path = create_named(name);
    return RunDirectory(path, lock_to_write(path));
  }
  if (!create_new(out)) {
    if (!std::filesystem::is_directory(out)) {
      throw Error(fmt::format("{}: is a file; a folder is needed for --out", out.string()));
    }
    if (!is_unused(out)) {
      throw Error(fmt::format(
          "{}: the folder is in use, it is not empty. Choose another with --out{}", out.string(),
          holds_experiment(out)
              ? fmt::format(", or go on with what is there: normlab run --resume {}", out.string())
              : std::string()));
    }
  }
  return RunDirectory(out, lock_to_write(out));
}

RunDirectory RunDirectory::open(const std::filesystem::path& path) {
  require_experiment(path);
  return RunDirectory(path, lock_to_write(path));
}

RunDirectory RunDirectory::join(const std::filesystem::path& path,
                                const std::string& experiment_text) {
  if (!create_new(path) && !holds_experiment(path) && !is_unused(path)) {
    throw Error(fmt::format("{}: the folder is in use, it is not empty. Choose another with --out",
                            path.string()));
  }
  const int lock = open_lock(path / kLockFile);
  hold(lock, LOCK_SH, path);
  RunDirectory directory(path, lock);
  const std::filesystem::path file = path / "experiment.toml";
  if (!create_file_atomically(file, experiment_text) && read_text_file(file) != experiment_text) {
    throw Error(fmt::format("{}: another experiment is there; choose another folder with --out",
                            path.string()));
  }
  return directory;
}

RunDirectory RunDirectory::open_to_collect(const std::filesystem::path& path) {
  require_experiment(path);
  const int lock = open_lock(path / kLockFile);
  hold(lock, LOCK_SH, path);
  RunDirectory directory(path, lock, open_lock(path / kCollectLockFile));
  if (::flock(directory.collect_lock_, LOCK_EX | LOCK_NB) != 0) {
    throw Error(fmt::format("{}: another normlab collects it just now", path.string()));
  }
  return directory;
}

RunDirectory RunDirectory::open_to_read(const std::filesystem::path& path) {
  require_experiment(path);
  // Without a lock file nobody can be at work there.
  const int lock = ::open((path / kLockFile).c_str(), O_RDONLY | O_CLOEXEC);
  if (lock >= 0) hold(lock, LOCK_SH, path);
  return RunDirectory(path, lock);
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      collect_lock_(std::exchange(other.collect_lock_, -1)) {}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) ::close(lock_);
  if (collect_lock_ >= 0) ::close(collect_lock_);
}

RunDirectory::Claim::~Claim() {
  if (lock_ >= 0) ::close(lock_);
}

RunDirectory::Claim RunDirectory::claim(const std::string& run) const {
  Claim claim(open_lock(run_folder(run) / kLockFile));
  if (::flock(claim.lock_, LOCK_EX | LOCK_NB) != 0) return {};
  return claim;
}

std::filesystem::path RunDirectory::run_folder(const std::string& run) const {
  const std::filesystem::path folder = path_ / run;
  normlab::create_directories(folder);
  return folder;
}

void RunDirectory::become_latest() const {
  const std::filesystem::path absolute = std::filesystem::absolute(path_).lexically_normal();
  const std::filesystem::path folder =
      absolute.has_filename() ? absolute : absolute.parent_path();  // "runs/mine/" has none
  const std::filesystem::path parent = folder.parent_path();
  if (parent.filename() != "runs") return;
  const std::filesystem::path latest = parent / "latest";
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(latest, error)) &&
      !std::filesystem::is_symlink(latest, error)) {
    return;
  }
  const std::filesystem::path link = parent / fmt::format(".latest-{}", ::getpid());
  std::filesystem::remove(link, error);
  std::filesystem::create_symlink(folder.filename(), link, error);
  if (!error) std::filesystem::rename(link, latest, error);
  // A file system without symbolic links is no reason to fail: the folder's name is shown anyway.
}

}  // namespace normlab
