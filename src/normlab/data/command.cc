#include "normlab/data/command.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <system_error>

#include "normlab/base/error.h"

extern char** environ;

namespace normlab {
namespace {

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

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

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  Pipe pipe;
  SpawnActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(actions.get(), pipe.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(actions.get(), pipe.writer(), STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(actions.get(), folder.c_str());
  pid_t process = 0;
  const int error =
      ::posix_spawn(&process, arguments[0].c_str(), actions.get(), nullptr, argv.data(), environ);
  if (error != 0) {
    throw Error(fmt::format("{}: cannot be started: {}", arguments[0],
                            std::generic_category().message(error)));
  }
  pipe.close_writer();

  CommandResult result;
  result.timed_out =
      !drain(pipe.reader(), std::chrono::steady_clock::now() + timeout, result.output);
  if (result.timed_out) ::kill(process, SIGKILL);
  result.exit_code = wait_for(process);
  return result;
}

}  // namespace normlab
