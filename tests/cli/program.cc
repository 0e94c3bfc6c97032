#include "cli/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace normlab {
namespace {

// The program that was built with these tests, or another that is to be put to them.
std::string program() {
  const char* other = std::getenv("NORMLAB_TEST_PROGRAM");
  return other ? other : NORMLAB_PROGRAM;
}

}  // namespace

Program::Program(const Start& start) {
  static int count = 0;
  err_file_ = std::filesystem::temp_directory_path() /
              ("normlab-stderr-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
  std::vector<std::string> words = {program()};
  if (!start.script.empty()) words = {"/bin/sh", "-c", start.script, program()};
  words.insert(words.end(), start.arguments.begin(), start.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("no process");
  if (process_ == 0) {
    const int err = ::open(err_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    if (!start.folder.empty() && ::chdir(start.folder.c_str()) != 0) ::_exit(126);
    ::unsetenv("NORMLAB_SIMD");
    for (const std::string& variable : start.environment) {
      ::putenv(const_cast<char*>(variable.c_str()));
    }
    if (start.largest_file >= 0) {
      const struct rlimit limit = {static_cast<rlim_t>(start.largest_file),
                                   static_cast<rlim_t>(start.largest_file)};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  out_ = pipe[0];
}

Program::~Program() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  std::error_code ignored;
  std::filesystem::remove(err_file_, ignored);
}

bool Program::read_some() {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(out_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  out_text_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

bool Program::wait_for_line(const std::string& part) {
  for (;;) {
    for (auto end = out_text_.find('\n', seen_); end != std::string::npos;
         end = out_text_.find('\n', seen_)) {
      const std::string line = out_text_.substr(seen_, end - seen_);
      seen_ = end + 1;
      if (line.find(part) != std::string::npos) return true;
    }
    if (!read_some()) return false;
  }
}

void Program::send(int signal) { ::kill(process_, signal); }

Outcome Program::finish() {
  while (read_some()) {
  }
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
  Outcome outcome;
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  outcome.out = out_text_;
  std::ifstream err(err_file_);
  outcome.err.assign(std::istreambuf_iterator<char>(err), {});
  return outcome;
}

Outcome run_in_shell(const std::filesystem::path& folder, const std::string& script) {
  return Program({.arguments = {}, .folder = folder, .script = script}).finish();
}

Outcome run_program(const std::filesystem::path& folder,
                    const std::vector<std::string>& arguments) {
  return Program({.arguments = arguments, .folder = folder}).finish();
}

}  // namespace normlab
