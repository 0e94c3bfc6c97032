// IDX files: arrays of any rank, as MNIST is published (Y. LeCun, C. Cortes: "The MNIST database").
// Two zero bytes, a byte for the type, a byte for the rank, the extents as 32-bit big-endian
// integers, then the elements, row by row, big endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace normlab {

enum class IdxType : std::uint8_t {
  kUint8 = 0x08,
  kInt8 = 0x09,
  kInt16 = 0x0B,
  kInt32 = 0x0C,
  kFloat32 = 0x0D,
  kFloat64 = 0x0E,
};

std::string_view name(IdxType type);  // "uint8"
std::size_t element_bytes(IdxType type);

struct IdxArray {
  IdxType type = IdxType::kUint8;
  std::vector<std::uint32_t> extents;
  std::vector<std::uint8_t> bytes;  // the elements as they are in the file, big endian
};

struct IdxOptions {
  // Larger arrays are refused: 2 GiB, four times the largest published set (EMNIST byclass).
  std::size_t most_bytes = std::size_t{1} << 31;
  // Closes messages about a damaged file with what to do.
  std::string remedy = "It is damaged or no IDX file.";
};

// Reads a whole file, plain or gzip. The header is compared with the bytes that are there before
// memory is taken. Throws Error naming the file and what is wrong: missing, no IDX file, cut short,
// damaged, more bytes than the header says, larger than `most_bytes`.
IdxArray read_idx(const std::filesystem::path& path, const IdxOptions& options = {});

// The bytes before the elements.
std::vector<std::uint8_t> idx_header(const IdxArray& array);

// SHA-256 of the (decompressed) file that holds this array.
std::string sha256_of_idx(const IdxArray& array);

// The elements as bytes: any integer type whose values all lie in 0..255. Throws Error that begins
// with `what` ("labels.idx: ") if one does not, or if the elements are floating-point numbers.
std::vector<std::uint8_t> idx_to_uint8(IdxArray array, std::string_view what);

}  // namespace normlab
