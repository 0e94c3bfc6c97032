// Named arrays in one file: the safetensors format of Hugging Face, which PyTorch, JAX and NumPy
// programs read (https://github.com/huggingface/safetensors#format).
//
//   8 bytes   length of the header, little endian, a multiple of 8
//   header    JSON: {"__metadata__": {"key": "text"}, "name": {"dtype", "shape", "data_offsets"}}
//   data      the arrays, little endian, row by row, without gaps
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace normlab {

struct Tensor {
  // F32, F64, I64 or U8, as the file says.
  using Data = std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>,
                            std::vector<std::uint8_t>>;

  std::string name;
  std::vector<std::int64_t> shape;  // empty for a scalar
  Data data;                        // as many elements as the product of the shape

  // The elements of a tensor of type F32; throws Error naming the tensor if it has another type.
  const std::vector<float>& floats() const;
  // The elements of a tensor of any type, converted.
  std::vector<double> to_doubles() const;
  // "24x16x3x3"; "scalar" if the shape is empty.
  std::string shape_text() const;
};

struct SafetensorsFile {
  std::vector<Tensor> tensors;  // in the order of their bytes in the file
  std::map<std::string, std::string> metadata;

  // nullptr if there is none of this name.
  const Tensor* find(const std::string& name) const;
  // Throws Error naming `source` (a file name) and the tensor if there is none of this name.
  const Tensor& at(const std::string& name, const std::string& source) const;
};

// Everything the header promises is checked against the bytes that are there before memory is
// taken: lengths, shapes, offsets, overlaps, gaps, names that occur twice. Throws Error that says
// what is damaged.
SafetensorsFile read_safetensors(const std::filesystem::path& path);
SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& source);

// Atomic (base/file.h) and deterministic: the same content gives the same bytes. Tensors keep their
// order, metadata is sorted. Throws std::invalid_argument for a name that occurs twice or data that
// do not fill the shape: a mistake of the program, not of a user.
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& file);
std::vector<std::byte> format_safetensors(const SafetensorsFile& file);

}  // namespace normlab
