#include "normlab/formats/safetensors.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"

namespace normlab {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little endian");

using Json = nlohmann::ordered_json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kHeaderLimit = 100'000'000;  // as the format's own reader has it
constexpr auto kMetadataKey = "__metadata__";

template <class T>
constexpr const char* type_name() {
  if constexpr (std::is_same_v<T, float>) return "F32";
  if constexpr (std::is_same_v<T, double>) return "F64";
  if constexpr (std::is_same_v<T, std::int64_t>) return "I64";
  if constexpr (std::is_same_v<T, std::uint8_t>) return "U8";
}

// The number of elements, or nothing if it does not fit in memory's address range.
std::optional<std::uint64_t> element_count(const std::vector<std::int64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t length : shape) {
    const auto factor = static_cast<std::uint64_t>(length);
    if (factor != 0 && count > std::numeric_limits<std::uint64_t>::max() / 16 / factor) {
      return std::nullopt;
    }
    count *= factor;
  }
  return count;
}

template <class T>
std::vector<T> copy_elements(std::span<const std::byte> bytes) {
  std::vector<T> elements(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(elements.data(), bytes.data(), bytes.size());
  return elements;
}

// What the header says of one tensor.
struct Entry {
  std::string name;
  std::string type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, const std::string& source)
      : bytes_(bytes), source_(source) {}

  SafetensorsFile parse() {
    const Json header = parse_header();
    SafetensorsFile file;
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == kMetadataKey) {
        file.metadata = parse_metadata(value);
      } else {
        entries.push_back(parse_entry(name, value));
      }
    }
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    check_layout(entries);
    for (Entry& entry : entries) file.tensors.push_back(read_tensor(std::move(entry)));
    return file;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format(
        "{}: {}; it is damaged or no safetensors file. Make it again, or take another copy",
        source_, what));
  }

  Json parse_header() {
    if (bytes_.size() < kLengthBytes) {
      fail(fmt::format("{} bytes, but the header's length alone takes {}", bytes_.size(),
                       kLengthBytes));
    }
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), kLengthBytes);
    if (length > bytes_.size() - kLengthBytes || length > kHeaderLimit) {
      fail(fmt::format("promises a header of {} bytes but holds {} after it", length,
                       bytes_.size() - kLengthBytes));
    }
    const auto* text = reinterpret_cast<const char*>(bytes_.data() + kLengthBytes);
    data_ = bytes_.subspan(kLengthBytes + static_cast<std::size_t>(length));

    // The parser keeps the last of two equal keys in silence; they are looked for on the way.
    std::vector<std::set<std::string>> keys;
    std::optional<std::string> twice;
    const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key && !keys.back().insert(parsed).second) {
        twice = parsed.get<std::string>();
      }
      return true;
    };
    Json header;
    try {
      header = Json::parse(text, text + length, watch);
    } catch (const Json::exception&) {
      fail("the header is no valid JSON");
    }
    if (twice) fail(fmt::format("the header names \"{}\" twice", *twice));
    if (!header.is_object()) fail("the header is no JSON object");
    return header;
  }

  std::map<std::string, std::string> parse_metadata(const Json& value) const {
    std::map<std::string, std::string> metadata;
    if (!value.is_object()) fail("the metadata are no JSON object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(fmt::format("the metadata's \"{}\" is no text", key));
      metadata[key] = text;
    }
    return metadata;
  }

  Entry parse_entry(const std::string& name, const Json& value) const {
    const auto is_count = [](const Json& number) {
      return number.is_number_unsigned() &&
             number.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
    };
    const auto is_counts = [&](const Json& list) {
      return list.is_array() && std::all_of(list.begin(), list.end(), is_count);
    };
    const bool complete = value.is_object() && value.contains("dtype") && value.contains("shape") &&
                          value.contains("data_offsets");
    if (!complete || !value["dtype"].is_string() || !is_counts(value["shape"]) ||
        !is_counts(value["data_offsets"]) || value["data_offsets"].size() != 2) {
      fail(fmt::format("tensor \"{}\" has no proper dtype, shape and data_offsets", name));
    }
    return {name, value["dtype"], value["shape"], value["data_offsets"][0],
            value["data_offsets"][1]};
  }

  // One tensor after the other, from the first byte to the last.
  void check_layout(const std::vector<Entry>& entries) const {
    std::uint64_t position = 0;
    for (const Entry& entry : entries) {
      if (entry.end < entry.begin || entry.end > data_.size()) {
        fail(fmt::format("tensor \"{}\" lies at bytes {} to {} but the file holds {}", entry.name,
                         entry.begin, entry.end, data_.size()));
      }
      if (entry.begin < position) {
        fail(fmt::format("tensor \"{}\" overlaps the one before it", entry.name));
      }
      if (entry.begin > position) {
        fail(fmt::format("{} bytes before tensor \"{}\" belong to none", entry.begin - position,
                         entry.name));
      }
      position = entry.end;
    }
    if (position != data_.size()) {
      fail(fmt::format("{} bytes at the end belong to no tensor", data_.size() - position));
    }
  }

  Tensor read_tensor(Entry entry) const {
    const auto bytes = data_.subspan(static_cast<std::size_t>(entry.begin),
                                     static_cast<std::size_t>(entry.end - entry.begin));
    Tensor tensor{std::move(entry.name), std::move(entry.shape), {}};
    const bool known = read_as<float>(tensor, entry.type, bytes) ||
                       read_as<double>(tensor, entry.type, bytes) ||
                       read_as<std::int64_t>(tensor, entry.type, bytes) ||
                       read_as<std::uint8_t>(tensor, entry.type, bytes);
    if (!known) {
      throw Error(fmt::format(
          "{}: tensor \"{}\" has elements of type {}; F32, F64, I64 and U8 can be read. "
          "Convert it first",
          source_, tensor.name, entry.type));
    }
    return tensor;
  }

  template <class T>
  bool read_as(Tensor& tensor, const std::string& type, std::span<const std::byte> bytes) const {
    if (type != type_name<T>()) return false;
    const auto count = element_count(tensor.shape);
    if (!count || *count * sizeof(T) != bytes.size()) {
      fail(fmt::format("tensor \"{}\" of shape {} and type {} cannot have {} bytes", tensor.name,
                       tensor.shape_text(), type, bytes.size()));
    }
    tensor.data = copy_elements<T>(bytes);
    return true;
  }

  std::span<const std::byte> bytes_;
  const std::string& source_;
  std::span<const std::byte> data_;
};

}  // namespace

const std::vector<float>& Tensor::floats() const {
  const auto* elements = std::get_if<std::vector<float>>(&data);
  if (elements == nullptr) {
    const char* type = std::visit(
        [](const auto& vector) {
          return type_name<typename std::decay_t<decltype(vector)>::value_type>();
        },
        data);
    throw Error(fmt::format("tensor \"{}\" has elements of type {}, F32 is needed", name, type));
  }
  return *elements;
}

std::vector<double> Tensor::to_doubles() const {
  return std::visit(
      [](const auto& elements) {
        std::vector<double> doubles;
        doubles.reserve(elements.size());
        for (const auto element : elements) doubles.push_back(static_cast<double>(element));
        return doubles;
      },
      data);
}

std::string Tensor::shape_text() const {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

const Tensor* SafetensorsFile::find(const std::string& name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

const Tensor& SafetensorsFile::at(const std::string& name, const std::string& source) const {
  const Tensor* tensor = find(name);
  if (tensor == nullptr) throw Error(fmt::format("{}: holds no tensor \"{}\"", source, name));
  return *tensor;
}

SafetensorsFile parse_safetensors(std::span<const std::byte> bytes, const std::string& source) {
  return Parser(bytes, source).parse();
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path), path.native());
}

std::vector<std::byte> format_safetensors(const SafetensorsFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header[kMetadataKey] = file.metadata;
  std::size_t offset = 0;
  for (const Tensor& tensor : file.tensors) {
    if (tensor.name == kMetadataKey || header.contains(tensor.name)) {
      throw std::invalid_argument("safetensors: a tensor cannot be called " + tensor.name);
    }
    std::visit(
        [&](const auto& elements) {
          using T = typename std::decay_t<decltype(elements)>::value_type;
          if (element_count(tensor.shape) != elements.size()) {
            throw std::invalid_argument("safetensors: data do not fill the shape of " +
                                        tensor.name);
          }
          const std::size_t end = offset + elements.size() * sizeof(T);
          header[tensor.name] = {
              {"dtype", type_name<T>()}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
          offset = end;
        },
        tensor.data);
  }
  // Metadata hold names that users gave; what is no UTF-8 in them must not cost the weights.
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');

  std::vector<std::byte> bytes;
  bytes.reserve(kLengthBytes + text.size() + offset);
  const auto append = [&](const void* from, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(from);
    bytes.insert(bytes.end(), first, first + count);
  };
  const std::uint64_t length = text.size();
  append(&length, kLengthBytes);
  append(text.data(), text.size());
  for (const Tensor& tensor : file.tensors) {
    std::visit(
        [&](const auto& elements) {
          append(elements.data(), elements.size() * sizeof(elements.front()));
        },
        tensor.data);
  }
  return bytes;
}

void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& file) {
  write_file_atomically(path, format_safetensors(file));
}

}  // namespace normlab
