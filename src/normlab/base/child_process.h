// Programs that are started.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace normlab {

// What a child has as its standard streams: descriptors that are open here.
struct ChildFiles {
  int in = -1;  // -1: nothing to read
  int out = 1;
  int error = 2;
  std::filesystem::path folder = {};  // to work in; empty: the one of this process
};

// Starts arguments[0], sought in $PATH if it has no slash, and returns its number. Throws
// std::system_error if it cannot be started.
int start_child(std::vector<std::string> arguments, const ChildFiles& files);

// Waits for the end of a child. 128 and the number of the signal, if one ended it, as in a shell.
// Throws std::system_error where that cannot be known: while this process ignores SIGCHLD.
int exit_code_of(int child);

}  // namespace normlab
