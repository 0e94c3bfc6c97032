#include "normlab/base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "normlab/base/error.h"

namespace normlab {
namespace {

constexpr std::string_view kTemporary = ".tmp-";

// Processes of two machines may have one number, and write in one folder.
std::string machine() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  std::string text;
  for (const char* c = name.data(); *c != '\0'; ++c) {
    if (std::isalnum(static_cast<unsigned char>(*c)) != 0) text += *c;
  }
  return text;
}

// The process that a temporary file's name ends with, as TemporaryFile below names it; 0 if it is
// none.
pid_t process_of(const std::string& name) {
  const auto mark = name.rfind(kTemporary);
  if (mark == std::string::npos) return 0;
  const char* const begin = name.data() + mark + kTemporary.size();
  const char* const end = name.data() + name.size();
  pid_t process = 0;
  unsigned count = 0;
  const auto first = std::from_chars(begin, end, process);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return 0;
  const auto second = std::from_chars(first.ptr + 1, end, count);
  return second.ec == std::errc() && second.ptr == end ? process : 0;
}

bool is_another_at_work(pid_t process) {
  return process != ::getpid() && (::kill(process, 0) == 0 || errno != ESRCH);
}

std::string reason(int error_number) { return std::generic_category().message(error_number); }

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  explicit operator bool() const { return value_ >= 0; }
  int value() const { return value_; }
  bool close() { return ::close(std::exchange(value_, -1)) == 0; }

 private:
  int value_;
};

// With the system's reason.
WriteError cannot_write(const std::filesystem::path& path) {
  return WriteError(fmt::format("{}: cannot be written: {}", path.native(), reason(errno)));
}

void write_all(int descriptor, std::span<const std::byte> bytes,
               const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw cannot_write(path);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

Error too_large(std::size_t size, std::size_t limit, const std::filesystem::path& path) {
  return Error(fmt::format("{}: {} bytes, more than the {} that are sensible here", path.native(),
                           size, limit));
}

// A pipe or a device, whose size nobody knows before its end.
std::vector<std::byte> read_stream(int descriptor, std::size_t limit,
                                   const std::filesystem::path& path) {
  std::vector<std::byte> bytes;
  std::vector<std::byte> block(65536);
  for (;;) {
    const ssize_t got = ::read(descriptor, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(fmt::format("{}: cannot be read: {}", path.native(), reason(errno)));
    }
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), block.begin(), block.begin() + got);
    if (bytes.size() > limit) throw too_large(bytes.size(), limit, path);
  }
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor file(path, O_RDONLY);
  if (!file) throw Error(fmt::format("{}: cannot be opened: {}", path.native(), reason(errno)));
  struct stat status {};
  if (::fstat(file.value(), &status) != 0) {
    throw Error(fmt::format("{}: cannot be read: {}", path.native(), reason(errno)));
  }
  if (S_ISDIR(status.st_mode)) {
    throw Error(fmt::format("{}: is a folder, a file is needed", path.native()));
  }
  if (!S_ISREG(status.st_mode)) return read_stream(file.value(), limit, path);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limit) throw too_large(size, limit, path);
  std::vector<std::byte> bytes(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::read(file.value(), bytes.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(fmt::format("{}: cannot be read: {}", path.native(), reason(errno)));
    }
    if (got == 0) throw Error(fmt::format("{}: became shorter while read", path.native()));
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string read_text_file(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  std::string text(bytes.size(), '\0');
  if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
  return text;
}

namespace {

// A new file beside its target, which is removed again unless it has been renamed to its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : target_(target) {
    static std::atomic<unsigned> count{0};
    // A container that is started again has the machine and number of the one that was killed
    // there, and meets what that left.
    do {
      path_ = target;
      path_ += fmt::format("-{}{}{}-{}", machine(), kTemporary, ::getpid(), count.fetch_add(1));
      file_.emplace(path_, O_WRONLY | O_CREAT | O_EXCL);
    } while (!*file_ && errno == EEXIST);
    if (!*file_) throw cannot_write(target_);
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void release() { path_.clear(); }

  // All of its bytes, on the disk.
  void write(std::span<const std::byte> bytes) {
    write_all(file_->value(), bytes, target_);
    if (::fsync(file_->value()) != 0 || !file_->close()) throw cannot_write(target_);
  }

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
  std::optional<Descriptor> file_;
};

// A name lives in the folder; without this a power cut may undo it.
void sync_folder_of(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (const Descriptor directory(folder, O_RDONLY | O_DIRECTORY); directory) {
    ::fsync(directory.value());
  }
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  TemporaryFile temporary(path);
  temporary.write(bytes);
  if (::rename(temporary.path().c_str(), path.c_str()) != 0) throw cannot_write(path);
  temporary.release();
  sync_folder_of(path);
}

bool create_file_atomically(const std::filesystem::path& path, std::string_view text) {
  TemporaryFile temporary(path);
  temporary.write(std::as_bytes(std::span(text)));
  // A link, unlike a rename, fails where there is a file.
  if (::link(temporary.path().c_str(), path.c_str()) == 0) {
    sync_folder_of(path);
    return true;
  }
  if (errno == EEXIST) return false;
  throw cannot_write(path);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

bool is_temporary_file(const std::filesystem::path& path) {
  return process_of(path.filename().string()) > 0;
}

void remove_abandoned_files(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> abandoned;
  auto entry = std::filesystem::recursive_directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(error)) {
    const pid_t process = process_of(entry->path().filename().string());
    if (process > 0 && entry->is_regular_file(error) && !is_another_at_work(process)) {
      abandoned.push_back(entry->path());
    }
  }
  for (const std::filesystem::path& path : abandoned) std::filesystem::remove(path, error);
}

void create_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw WriteError(
        fmt::format("{}: folder cannot be created: {}", path.native(), error.message()));
  }
}

}  // namespace normlab
