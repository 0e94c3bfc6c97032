#include "normlab/formats/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <stdexcept>

#include "expect_error.h"
#include "normlab/base/file.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

// A file of a header, as text, and that many bytes of data.
std::vector<std::byte> file_of(const std::string& header, std::size_t data) {
  std::vector<std::byte> bytes(8 + header.size() + data);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

SafetensorsFile sample() {
  SafetensorsFile file;
  file.metadata = {{"b", "two\nlines"}, {"a", "ä \"quoted\""}};
  file.tensors.push_back({"z.weight", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, -0.0f}});
  file.tensors.push_back({"a.exact", {2}, std::vector<double>{0.1, 1e300}});
  file.tensors.push_back({"scalar", {}, std::vector<std::int64_t>{-7}});
  file.tensors.push_back({"bytes", {3}, std::vector<std::uint8_t>{0, 128, 255}});
  file.tensors.push_back({"nothing", {0, 4}, std::vector<float>{}});
  return file;
}

TEST(Safetensors, ReadsWhatItWrote) {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  const SafetensorsFile written = sample();
  write_safetensors(path, written);
  const SafetensorsFile read = read_safetensors(path);

  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.tensors.size(), written.tensors.size());
  for (std::size_t i = 0; i < read.tensors.size(); ++i) {
    EXPECT_EQ(read.tensors[i].name, written.tensors[i].name);
    EXPECT_EQ(read.tensors[i].shape, written.tensors[i].shape);
    EXPECT_EQ(read.tensors[i].data, written.tensors[i].data);
  }
  EXPECT_EQ(read.at("z.weight", "a").floats()[4], 5.0f);
  EXPECT_EQ(read.at("bytes", "a").to_doubles(), (std::vector<double>{0, 128, 255}));
  EXPECT_EQ(read.find("absent"), nullptr);
  expect_error([&] { read.at("absent", "a.safetensors"); }, {"a.safetensors", "absent"});
  expect_error([&] { read.at("a.exact", "a").floats(); }, {"a.exact", "F64", "F32"});
}

TEST(Safetensors, WritesTheBytesOfTheSpecification) {
  SafetensorsFile file;
  file.tensors.push_back({"w", {1, 2}, std::vector<float>{1.0f, -2.0f}});
  const auto bytes = format_safetensors(file);
  // The JSON has 56 bytes, so no blank follows it; 1.0f is 3f800000, -2.0f is c0000000.
  const std::string header = R"({"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  ASSERT_EQ(header.size(), 56u);
  auto expected = file_of(header, 8);
  constexpr unsigned char kData[8] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0};
  std::memcpy(expected.data() + expected.size() - 8, kData, 8);
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ(bytes, format_safetensors(file));
}

TEST(Safetensors, PadsTheHeaderToEightBytes) {
  std::string name;
  for (int i = 0; i < 9; ++i) {
    SafetensorsFile file;
    file.tensors.push_back({name += 'x', {1}, std::vector<float>{1}});
    const auto bytes = format_safetensors(file);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ(length % 8, 0u) << name;
    EXPECT_EQ(bytes.size(), 8 + length + 4) << name;
  }
}

TEST(Safetensors, RefusesToWriteNonsense) {
  SafetensorsFile twice;
  twice.tensors = {{"w", {1}, std::vector<float>{1}}, {"w", {1}, std::vector<float>{2}}};
  EXPECT_THROW(format_safetensors(twice), std::invalid_argument);
  SafetensorsFile short_of_data;
  short_of_data.tensors = {{"w", {2}, std::vector<float>{1}}};
  EXPECT_THROW(format_safetensors(short_of_data), std::invalid_argument);
  SafetensorsFile reserved;
  reserved.tensors = {{"__metadata__", {1}, std::vector<float>{1}}};
  EXPECT_THROW(format_safetensors(reserved), std::invalid_argument);
}

TEST(Safetensors, RefusesEveryPrefix) {
  const auto bytes = format_safetensors(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    expect_error([&] { parse_safetensors(std::span(bytes).first(length), "cut.safetensors"); },
                 {"cut.safetensors", "damaged"});
  }
  EXPECT_NO_THROW(parse_safetensors(bytes, "whole"));
}

TEST(Safetensors, SurvivesEveryChangedByte) {
  const auto whole = format_safetensors(sample());
  for (std::size_t position = 0; position < whole.size(); ++position) {
    for (const unsigned value : {0x00u, 0xffu, 0x22u, 0x7bu, 0x39u}) {
      auto bytes = whole;
      bytes[position] = static_cast<std::byte>(value);
      try {
        const auto file = parse_safetensors(bytes, "changed");
        std::size_t elements = 0;
        for (const Tensor& tensor : file.tensors) elements += tensor.to_doubles().size();
        EXPECT_LE(elements, whole.size());
      } catch (const Error&) {  // as it should; what it must not do is crash or take memory
      }
    }
  }
}

TEST(Safetensors, SaysWhatIsWrong) {
  const auto fails = [](const std::string& header, std::size_t data, const std::string& part) {
    expect_error([&] { parse_safetensors(file_of(header, data), "x.st"); }, {"x.st", part});
  };
  const auto entry = [](const std::string& name, const std::string& shape, int begin, int end) {
    return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  fails("[]", 0, "no JSON object");
  fails("{\"w\":", 0, "no valid JSON");
  fails("{\"w\":3}", 0, "\"w\" has no proper");
  fails("{" + entry("w", "[-1]", 0, 4) + "}", 4, "\"w\" has no proper");
  fails("{" + entry("w", "[1.5]", 0, 4) + "}", 4, "\"w\" has no proper");
  fails("{" + entry("w", "[1]", 4, 0) + "}", 4, "lies at bytes 4 to 0");
  fails("{" + entry("w", "[2]", 0, 8) + "}", 4, "lies at bytes 0 to 8 but the file holds 4");
  fails("{" + entry("w", "[3]", 0, 8) + "}", 8, "shape 3 and type F32 cannot have 8");
  fails("{" + entry("w", "[4294967296,4294967296,2]", 0, 0) + "}", 0, "cannot have 0 bytes");
  fails("{" + entry("v", "[2]", 0, 8) + "," + entry("w", "[2]", 4, 12) + "}", 12, "overlaps");
  fails("{" + entry("v", "[1]", 0, 4) + "," + entry("w", "[1]", 8, 12) + "}", 12,
        "4 bytes before tensor \"w\"");
  fails("{" + entry("w", "[1]", 0, 4) + "}", 5, "1 bytes at the end");
  fails("{" + entry("w", "[1]", 0, 4) + "," + entry("w", "[1]", 0, 4) + "}", 4, "\"w\" twice");
  fails("{\"\":{},\"\":{}}", 0, "\"\" twice");
  fails("{\"__metadata__\":{\"k\":1}}", 0, "\"k\" is no text");
  fails("{\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2, "type F16");
}

TEST(Safetensors, TakesNoMemoryForWhatAHeaderClaims) {
  std::vector<std::byte> bytes(16);
  const std::uint64_t length = std::numeric_limits<std::uint64_t>::max();
  std::memcpy(bytes.data(), &length, 8);
  expect_error([&] { parse_safetensors(bytes, "x"); },
               {"promises a header of 18446744073709551615"});
  expect_error([] { read_safetensors("/nonexistent/model.safetensors"); },
               {"/nonexistent/model.safetensors"});
}

}  // namespace
}  // namespace normlab
