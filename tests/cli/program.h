// The normlab program itself, started as a user starts it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace normlab {

struct Outcome {
  int exit_code = -1;  // -1: ended by a signal
  int signal = 0;
  std::string out;
  std::string err;
};

struct Start {
  std::vector<std::string> arguments;
  std::filesystem::path folder;               // to work in
  std::vector<std::string> environment = {};  // "NAME=value", added to that of the test
  long largest_file = -1;                     // bytes; a write beyond them fails, as on a full disk
  std::string script = {};                    // if set, sh runs this; "$0" in it is the program
};

// A program at work. Its output goes to files, but for the lines that wait_for_line() reads.
class Program {
 public:
  explicit Program(const Start& start);
  ~Program();  // ends it if it is still there
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Reads standard output until a line holds `part`; false if it ended before.
  bool wait_for_line(const std::string& part);

  void send(int signal);

  // Waits for its end.
  Outcome finish();

 private:
  bool read_some();

  pid_t process_ = -1;
  int out_ = -1;
  std::filesystem::path err_file_;
  std::string out_text_;
  std::size_t seen_ = 0;
};

// A line of shell, for redirections: run_in_shell(folder, "\"$0\" info >/dev/full").
Outcome run_in_shell(const std::filesystem::path& folder, const std::string& script);

Outcome run_program(const std::filesystem::path& folder, const std::vector<std::string>& arguments);

}  // namespace normlab
