#include "data_sets/idx_files.h"

#include <zlib.h>

#include <stdexcept>

namespace normlab {

std::vector<std::uint8_t> idx_file(const std::vector<std::uint32_t>& extents,
                                   const std::vector<std::uint8_t>& elements) {
  std::vector<std::uint8_t> file = {0, 0, 8, static_cast<std::uint8_t>(extents.size())};
  for (const std::uint32_t extent : extents) {
    for (const int shift : {24, 16, 8, 0})
      file.push_back(static_cast<std::uint8_t>(extent >> shift));
  }
  file.insert(file.end(), elements.begin(), elements.end());
  return file;
}

std::vector<std::uint8_t> gzipped(const std::vector<std::uint8_t>& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib");
  }
  std::vector<std::uint8_t> packed(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  const int code = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::runtime_error("zlib");
  return packed;
}

}  // namespace normlab
