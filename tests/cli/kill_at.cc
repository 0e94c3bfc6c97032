// Preloaded into the program (LD_PRELOAD), ends it with SIGKILL at a chosen call that changes
// files, so that a test can stop it at instants that no clock would hit. The calls are counted from
// 0: open() that may create, write(), fsync(), rename(), unlink(), mkdir(), symlink().
//
//   NORMLAB_KILL_LOG=FILE   appends a line for each call: its number, its name, its file or -
//   NORMLAB_KILL_AT=N       dies at call N: a write() after a part of its bytes, others before
//   NORMLAB_KILL_SHARE=S    of the bytes that are written, 0 to 1; 1 makes others die after the
//   call
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr std::size_t kFiles = 256;
std::array<std::string, kFiles>& paths() {
  static std::array<std::string, kFiles> paths;
  return paths;
}

std::string path_of(int file) {
  const auto at = static_cast<std::size_t>(file);
  return file >= 0 && at < kFiles ? paths()[at] : std::string();
}

// The function that this one stands before.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

double share() { return std::atof(variable("NORMLAB_KILL_SHARE")); }

// True if this call is the one to die at.
bool is_the_one(const char* call, const std::string& path) {
  static std::atomic<long> count{0};
  const long number = count++;
  if (const char* log = variable("NORMLAB_KILL_LOG"); *log != '\0') {
    const int file =
        next<int(const char*, int, ...)>("open")(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const std::string line =
        std::to_string(number) + " " + call + " " + (path.empty() ? "-" : path) + "\n";
    if (next<decltype(::write)>("write")(file, line.data(), line.size()) < 0) die();
    ::close(file);
  }
  const char* at = variable("NORMLAB_KILL_AT");
  return *at != '\0' && std::atol(at) == number;
}

// A call that happens whole or not at all.
template <class Call>
auto around(const char* name, const std::string& path, const Call& call) {
  const bool dies = is_the_one(name, path);
  if (dies && share() < 1) die();
  const auto result = call();
  if (dies) {
    die();
  }
  return result;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = static_cast<mode_t>(va_arg(arguments, int));
    va_end(arguments);
  }
  const auto call = [&] { return next<int(const char*, int, ...)>("open")(path, flags, mode); };
  if ((flags & O_CREAT) == 0) return call();
  const int file = around("open", path, call);
  const auto at = static_cast<std::size_t>(file);
  if (file >= 0 && at < kFiles) paths()[at] = path;
  return file;
}

ssize_t write(int file, const void* bytes, size_t count) {
  const auto function = next<decltype(write)>("write");
  const std::string path = path_of(file);
  if (path.empty()) return function(file, bytes, count);
  if (!is_the_one("write", path)) return function(file, bytes, count);
  const auto part = static_cast<size_t>(share() * static_cast<double>(count));
  if (part > 0 && function(file, bytes, part) < 0) std::fputs("kill_at: write failed\n", stderr);
  die();
}

int fsync(int file) {
  return around("fsync", path_of(file), [&] { return next<decltype(fsync)>("fsync")(file); });
}

int close(int file) {
  const auto at = static_cast<std::size_t>(file);
  if (file >= 0 && at < kFiles) paths()[at].clear();
  return next<decltype(close)>("close")(file);
}

int rename(const char* from, const char* to) {
  return around("rename", to, [&] { return next<decltype(rename)>("rename")(from, to); });
}

int unlink(const char* path) {
  return around("unlink", path, [&] { return next<decltype(unlink)>("unlink")(path); });
}

int mkdir(const char* path, mode_t mode) {
  return around("mkdir", path, [&] { return next<decltype(mkdir)>("mkdir")(path, mode); });
}

int symlink(const char* to, const char* path) {
  return around("symlink", path, [&] { return next<decltype(symlink)>("symlink")(to, path); });
}

}  // extern "C"
