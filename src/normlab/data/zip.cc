#include "normlab/data/zip.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string_view>
#include <system_error>

#include "normlab/base/error.h"

namespace normlab {
namespace {

// Offsets and sizes as in PKWARE's APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kMostCommentBytes = 65535;
constexpr std::uint32_t kStored = 0;
constexpr std::uint32_t kDeflated = 8;

struct Member {
  std::uint32_t flags, method, crc;
  std::size_t packed_bytes, bytes, offset;
};

class Archive {
 public:
  explicit Archive(const std::filesystem::path& path) : path_(path), file_(path, std::ios::binary) {
    std::error_code error;
    size_ = static_cast<std::size_t>(std::filesystem::file_size(path, error));
    if (error || !file_) throw failure("cannot be opened");
  }

  Error failure(std::string_view problem) const {
    return Error(fmt::format("{}: {}", path_.native(), problem));
  }

  std::size_t size() const { return size_; }

  // Memory is taken only for bytes that are there.
  std::vector<std::byte> read(std::size_t offset, std::size_t count) {
    if (offset > size_ || count > size_ - offset) throw failure("the archive is cut short");
    std::vector<std::byte> bytes(count);
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
    if (!file_) throw failure("cannot be read");
    return bytes;
  }

 private:
  std::filesystem::path path_;
  std::ifstream file_;
  std::size_t size_ = 0;
};

std::uint32_t little_endian(const std::vector<std::byte>& bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) {
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + static_cast<std::size_t>(i)]);
  }
  return value;
}

// The directory of members: it lies before a record at the end of the file, which a comment may
// follow.
std::vector<std::byte> read_directory(Archive& archive) {
  const std::size_t tail_bytes = std::min(archive.size(), kEndBytes + kMostCommentBytes);
  const auto tail = archive.read(archive.size() - tail_bytes, tail_bytes);
  for (std::size_t at = tail_bytes < kEndBytes ? 0 : tail_bytes - kEndBytes + 1; at-- > 0;) {
    if (little_endian(tail, at, 4) == kEndOfDirectory) {
      return archive.read(little_endian(tail, at + 16, 4), little_endian(tail, at + 12, 4));
    }
  }
  throw archive.failure("is no .zip archive, or its end is missing");
}

Member find_member(const Archive& archive, const std::vector<std::byte>& directory,
                   const std::string& name) {
  for (std::size_t at = 0; at < directory.size();) {
    if (directory.size() - at < kCentralBytes ||
        little_endian(directory, at, 4) != kCentralHeader) {
      throw archive.failure("the directory of the archive is damaged");
    }
    const std::size_t name_bytes = little_endian(directory, at + 28, 2);
    const std::size_t entry_bytes = kCentralBytes + name_bytes +
                                    little_endian(directory, at + 30, 2) +
                                    little_endian(directory, at + 32, 2);
    if (directory.size() - at < entry_bytes) {
      throw archive.failure("the directory of the archive is damaged");
    }
    const std::string_view here(
        reinterpret_cast<const char*>(directory.data()) + at + kCentralBytes, name_bytes);
    if (here == name) {
      return {.flags = little_endian(directory, at + 8, 2),
              .method = little_endian(directory, at + 10, 2),
              .crc = little_endian(directory, at + 16, 4),
              .packed_bytes = little_endian(directory, at + 20, 4),
              .bytes = little_endian(directory, at + 24, 4),
              .offset = little_endian(directory, at + 42, 4)};
    }
    at += entry_bytes;
  }
  throw archive.failure(fmt::format("has no member {}", name));
}

std::vector<std::byte> inflate_all(const std::vector<std::byte>& packed, std::size_t bytes,
                                   const Error& damaged) {
  // Deflate expands 1032-fold at most: a larger promise is a lie, and takes no memory.
  if (bytes / 1032 > packed.size()) throw damaged;
  std::vector<std::byte> content(bytes);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw damaged;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(content.data());
  stream.avail_out = static_cast<uInt>(content.size());
  const int code = inflate(&stream, Z_FINISH);
  const bool whole = code == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  if (!whole) throw damaged;
  return content;
}

}  // namespace

std::vector<std::byte> read_zip_member(const std::filesystem::path& path, const std::string& name,
                                       std::size_t most_bytes) {
  Archive archive(path);
  const Member member = find_member(archive, read_directory(archive), name);
  if (member.bytes > most_bytes || member.packed_bytes > most_bytes) {
    throw archive.failure(
        fmt::format("{} holds {} bytes, more than {}", name, member.bytes, most_bytes));
  }
  if ((member.flags & 1) != 0) throw archive.failure(name + " is encrypted");
  const auto local = archive.read(member.offset, kLocalBytes);
  if (little_endian(local, 0, 4) != kLocalHeader) throw archive.failure(name + " is damaged");
  auto content = archive.read(
      member.offset + kLocalBytes + little_endian(local, 26, 2) + little_endian(local, 28, 2),
      member.packed_bytes);
  const Error damaged = archive.failure(name + " is damaged");
  if (member.method == kDeflated) {
    content = inflate_all(content, member.bytes, damaged);
  } else if (member.method != kStored) {
    throw archive.failure(
        fmt::format("{} is compressed by method {}, which is not supported", name, member.method));
  }
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
  if (content.size() != member.bytes || crc != member.crc) throw damaged;
  return content;
}

}  // namespace normlab
