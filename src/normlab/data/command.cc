#include "normlab/data/command.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <system_error>

#include "normlab/base/child_process.h"
#include "normlab/base/error.h"

namespace normlab {
namespace {

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
      throw Error(fmt::format("no pipe: {}", std::generic_category().message(errno)));
    }
  }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() { close(ends_[1]); }

 private:
  static void close(int& descriptor) {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

// Reads until the other end is closed, which is when the program and its children have ended, or
// until the deadline; says which.
bool drain(int descriptor, std::chrono::steady_clock::time_point deadline, std::string& output) {
  using std::chrono::milliseconds;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready == 0) return false;
    if (ready < 0 && errno != EINTR) return true;
    if (ready < 0) continue;
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(descriptor, bytes.data(), bytes.size());
    if (got == 0 || (got < 0 && errno != EINTR)) return true;
    if (got > 0) output.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto candidate = std::filesystem::path(folder) / name;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

CommandResult run_command(const std::vector<std::string>& arguments,
                          const std::filesystem::path& folder, std::chrono::milliseconds timeout) {
  Pipe pipe;
  int process = 0;
  try {
    process =
        start_child(arguments, {.out = pipe.writer(), .error = pipe.writer(), .folder = folder});
  } catch (const std::system_error& error) {
    throw Error(fmt::format("{}: cannot be started: {}", arguments[0], error.code().message()));
  }
  pipe.close_writer();

  CommandResult result;
  result.timed_out =
      !drain(pipe.reader(), std::chrono::steady_clock::now() + timeout, result.output);
  if (result.timed_out) ::kill(process, SIGKILL);
  result.exit_code = exit_code_of(process);
  return result;
}

}  // namespace normlab
