#include "normlab/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/data/digest.h"
#include "normlab/data/gzip_file.h"

namespace normlab {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 22;

std::optional<IdxType> idx_type(std::uint8_t code) {
  switch (static_cast<IdxType>(code)) {
    case IdxType::kUint8:
    case IdxType::kInt8:
    case IdxType::kInt16:
    case IdxType::kInt32:
    case IdxType::kFloat32:
    case IdxType::kFloat64:
      return static_cast<IdxType>(code);
  }
  return std::nullopt;
}

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

// Nothing if the product does not fit: such a file cannot exist.
std::optional<std::size_t> payload_bytes(const IdxArray& array) {
  std::size_t bytes = element_bytes(array.type);
  bool overflow = false;
  for (const std::uint32_t extent : array.extents) {
    if (extent == 0) return 0;
    overflow = __builtin_mul_overflow(bytes, std::size_t{extent}, &bytes) || overflow;
  }
  return overflow ? std::nullopt : std::optional(bytes);
}

// "60000 elements of 28x28 uint8"
std::string describe(const IdxArray& array) {
  const std::span<const std::uint32_t> one(array.extents.begin() + 1, array.extents.end());
  return fmt::format("{} elements of {}{}{}", array.extents[0], fmt::join(one, "x"),
                     one.empty() ? "" : " ", name(array.type));
}

std::size_t fill(GzipFile& file, std::span<std::uint8_t> to) {
  return file.read(std::as_writable_bytes(to));
}

IdxArray read_header(GzipFile& file, const IdxOptions& options) {
  const std::string path = file.path().native();
  std::array<std::uint8_t, 4> magic{};
  const std::size_t got = fill(file, magic);
  if (got < magic.size()) {
    throw Error(fmt::format("{}: holds {} bytes, an IDX file begins with four. {}", path, got,
                            options.remedy));
  }
  const auto type = idx_type(magic[2]);
  if (magic[0] != 0 || magic[1] != 0 || !type || magic[3] == 0) {
    throw Error(fmt::format(
        "{}: begins with {:02x}, an IDX file with 00 00, its type (08 09 0b 0c 0d 0e) and its rank "
        "(1 or more). {}",
        path, fmt::join(magic, " "), options.remedy));
  }
  IdxArray array;
  array.type = *type;
  std::vector<std::uint8_t> extents(std::size_t{4} * magic[3]);
  if (fill(file, extents) < extents.size()) {
    throw Error(fmt::format("{}: ends within the header of an array of rank {}. {}", path,
                            int{magic[3]}, options.remedy));
  }
  for (std::size_t i = 0; i < extents.size(); i += 4) {
    array.extents.push_back(big_endian(extents.data() + i));
  }
  return array;
}

}  // namespace

std::string_view name(IdxType type) {
  switch (type) {
    case IdxType::kUint8:
      return "uint8";
    case IdxType::kInt8:
      return "int8";
    case IdxType::kInt16:
      return "int16";
    case IdxType::kInt32:
      return "int32";
    case IdxType::kFloat32:
      return "float32";
    case IdxType::kFloat64:
      return "float64";
  }
  return "unknown";
}

std::size_t element_bytes(IdxType type) {
  switch (type) {
    case IdxType::kUint8:
    case IdxType::kInt8:
      return 1;
    case IdxType::kInt16:
      return 2;
    case IdxType::kInt32:
    case IdxType::kFloat32:
      return 4;
    case IdxType::kFloat64:
      return 8;
  }
  return 0;
}

IdxArray read_idx(const std::filesystem::path& path, const IdxOptions& options) {
  GzipFile file(path);
  IdxArray array = read_header(file, options);
  const auto promised = payload_bytes(array);
  const auto too_short = [&](std::string_view holds, std::size_t bytes) {
    return Error(fmt::format("{}: the header promises {} but the file {} {} bytes after it. {}",
                             path.native(), describe(array), holds, bytes, options.remedy));
  };
  if (!promised || *promised > file.at_most_left()) {
    throw too_short(file.compressed() ? "can hold at most" : "holds", file.at_most_left());
  }
  if (*promised > options.most_bytes) {
    throw Error(fmt::format("{}: the header promises {}: more than the {} bytes that are read",
                            path.native(), describe(array), options.most_bytes));
  }
  // In chunks: a small compressed file may promise a thousand times its size and hold less.
  while (array.bytes.size() < *promised) {
    const std::size_t before = array.bytes.size();
    const std::size_t chunk = std::min(*promised - before, std::max(kChunkBytes, before));
    array.bytes.resize(before + chunk);
    const std::size_t got = fill(file, std::span(array.bytes).subspan(before));
    if (got < chunk) throw too_short("holds", before + got);
  }
  // Reading on also makes zlib compare the checksum at the end of a compressed file.
  std::uint8_t extra = 0;
  if (fill(file, std::span(&extra, 1)) != 0) {
    throw Error(fmt::format("{}: holds more than the {} that the header promises. {}",
                            path.native(), describe(array), options.remedy));
  }
  return array;
}

std::vector<std::uint8_t> idx_header(const IdxArray& array) {
  std::vector<std::uint8_t> header = {0, 0, static_cast<std::uint8_t>(array.type),
                                      static_cast<std::uint8_t>(array.extents.size())};
  for (const std::uint32_t extent : array.extents) {
    for (const int shift : {24, 16, 8, 0}) {
      header.push_back(static_cast<std::uint8_t>(extent >> shift));
    }
  }
  return header;
}

std::string sha256_of_idx(const IdxArray& array) {
  Digest digest(Hash::kSha256);
  const auto header = idx_header(array);
  digest.add(std::as_bytes(std::span(header)));
  digest.add(std::as_bytes(std::span(array.bytes)));
  return digest.hex();
}

std::vector<std::uint8_t> idx_to_uint8(IdxArray array, std::string_view what) {
  if (array.type == IdxType::kUint8) return std::move(array.bytes);
  if (array.type == IdxType::kFloat32 || array.type == IdxType::kFloat64) {
    throw Error(fmt::format("{}holds {} elements; here only integers from 0 to 255 are supported",
                            what, name(array.type)));
  }
  const std::size_t size = element_bytes(array.type);
  std::vector<std::uint8_t> values(array.bytes.size() / size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    // Sign-extended from its first byte.
    std::int64_t value = static_cast<std::int8_t>(array.bytes[i * size]);
    for (std::size_t j = 1; j < size; ++j) value = value * 256 + array.bytes[i * size + j];
    if (value < 0 || value > 255) {
      throw Error(fmt::format("{}element {} is {}, outside 0 to 255", what, i, value));
    }
    values[i] = static_cast<std::uint8_t>(value);
  }
  return values;
}

}  // namespace normlab
