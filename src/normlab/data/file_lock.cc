#include "normlab/data/file_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "normlab/base/error.h"

namespace normlab {

FileLock::FileLock(const std::filesystem::path& path, const std::function<void()>& waiting)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  const auto fail = [&] {
    return Error(fmt::format("{}: cannot be locked: {}", path.native(),
                             std::generic_category().message(errno)));
  };
  if (descriptor_ < 0) throw fail();
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK && waiting) waiting();
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const Error error = fail();
    ::close(descriptor_);
    throw error;
  }
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace normlab
