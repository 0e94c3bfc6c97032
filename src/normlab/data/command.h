// Another program, run without a shell.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace normlab {

// Where a program of this name lies on $PATH; nothing if nowhere.
std::optional<std::filesystem::path> find_program(const std::string& name);

struct CommandResult {
  int exit_code = 0;       // 128 + the signal that ended it
  bool timed_out = false;  // it was ended because it took longer than allowed
  std::string output;      // standard output and error, together
};

// Runs `arguments[0]` (a path) in `folder` and waits for its end. Throws Error if it cannot be
// started.
CommandResult run_command(const std::vector<std::string>& arguments,
                          const std::filesystem::path& folder, std::chrono::milliseconds timeout);

}  // namespace normlab
