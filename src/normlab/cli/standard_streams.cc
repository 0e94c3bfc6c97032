#include "normlab/cli/standard_streams.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "normlab/base/error.h"

namespace normlab {

void open_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is the closed one: those below it are open by now.
    if (::fcntl(stream, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != stream) return;
  }
}

void flush_standard_output() {
  const bool failed_before = std::ferror(stdout) != 0;
  if (std::fflush(stdout) == 0 && !failed_before) return;
  throw Error(failed_before
                  ? std::string("standard output: not all that was printed could be written")
                  : fmt::format("standard output: cannot be written: {}",
                                std::generic_category().message(errno)));
}

}  // namespace normlab
