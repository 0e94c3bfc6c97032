#include "normlab/data/gzip_file.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "normlab/base/error.h"

namespace normlab {
namespace {

constexpr std::size_t kMostExpansion = 1032;  // https://zlib.net/zlib_tech.html
constexpr unsigned kBufferBytes = 1u << 17;

}  // namespace

struct GzipFile::Handle {
  explicit Handle(gzFile opened) : file(opened) {}
  ~Handle() { gzclose_r(file); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  gzFile file;
};

GzipFile::GzipFile(const std::filesystem::path& path) : path_(path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!error && !std::filesystem::is_regular_file(status)) {
    throw Error(fmt::format("{}: is no regular file", path.native()));
  }
  if (!error) size_ = static_cast<std::size_t>(std::filesystem::file_size(path, error));
  errno = 0;
  gzFile file = error ? nullptr : gzopen(path.c_str(), "rbe");
  if (file == nullptr) {
    if (!error) error = std::error_code(errno == 0 ? ENOMEM : errno, std::generic_category());
    throw Error(fmt::format("{}: cannot be opened: {}", path.native(), error.message()));
  }
  handle_ = std::make_unique<Handle>(file);
  gzbuffer(file, kBufferBytes);
}

GzipFile::~GzipFile() = default;

std::size_t GzipFile::read(std::span<std::byte> to) {
  std::size_t filled = 0;
  while (filled < to.size()) {
    const auto wanted = static_cast<unsigned>(std::min<std::size_t>(to.size() - filled, 1u << 30));
    const int got = gzread(handle_->file, to.data() + filled, wanted);
    if (got > 0) filled += static_cast<std::size_t>(got);
    if (got == static_cast<int>(wanted)) continue;

    // Either the end, or an error that zlib reports only when asked.
    int code = Z_OK;
    std::string reason = gzerror(handle_->file, &code);
    if (code == Z_ERRNO) {
      throw Error(fmt::format("{}: cannot be read: {}", path_.native(),
                              std::generic_category().message(errno)));
    }
    if (code == Z_BUF_ERROR) {
      throw Error(fmt::format("{}: the compressed file is cut short: it ends after {} bytes",
                              path_.native(), size_));
    }
    if (code != Z_OK && code != Z_STREAM_END) {
      if (reason.starts_with(path_.native())) reason.erase(0, path_.native().size() + 2);
      throw Error(fmt::format("{}: the compressed file is damaged: {}", path_.native(), reason));
    }
    break;
  }
  read_ += filled;
  return filled;
}

std::size_t GzipFile::at_most_left() const {
  const std::size_t most = compressed() ? size_ * kMostExpansion : size_;
  return most - std::min(most, read_);
}

bool GzipFile::compressed() const { return gzdirect(handle_->file) == 0; }

}  // namespace normlab
