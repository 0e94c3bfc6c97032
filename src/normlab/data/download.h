// One file over HTTP or HTTPS.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "normlab/base/error.h"

namespace normlab {

// The server cannot be reached or does not serve what was asked: another source may.
class DownloadError : public Error {
 public:
  using Error::Error;
};

struct DownloadOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::seconds stall_timeout{30};  // given up when slower than 1 kB/s for so long
  int attempts = 5;
  std::uint64_t most_bytes = std::uint64_t{1} << 30;  // EMNIST, the largest, is 0.56e9

  // Waits between attempts: half a second, then twice as long each time. Tests pass their own.
  std::function<void(std::chrono::milliseconds)> sleep;

  // Called with the bytes that are there and those there will be (0 if the server does not say).
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

// Downloads `url` to the end of `path`: bytes that an earlier attempt left there are kept, and the
// server is asked for the rest. What arrives is what the server says; the caller checks its sum,
// and removes the file if it is wrong. Interrupted transfers and errors of the server (5xx, 429)
// are tried again, an unknown host, a refused connection or another reply is not.
// Throws DownloadError naming the address and the reason, Error if `path` cannot be written.
void download(const std::string& url, const std::filesystem::path& path,
              const DownloadOptions& options = {});

}  // namespace normlab
