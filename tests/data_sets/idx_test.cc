#include "normlab/data/idx.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data_sets/idx_files.h"
#include "data_sets/write_bytes.h"
#include "expect_error.h"
#include "normlab/base/error.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// 3 images of 2x4.
const Bytes kHeader = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4};
const Bytes kPixels = {0,  1,  2,  3,  4,  5,  6,  7,   8,   9,   10,  11,
                       12, 13, 14, 15, 16, 17, 18, 250, 251, 252, 253, 255};

class Idx : public testing::Test {
 protected:
  IdxArray read(const Bytes& bytes, const IdxOptions& options = {}) {
    write_bytes(folder_ / "file", bytes);
    return read_idx(folder_ / "file", options);
  }
  // What the error says after the name of the file.
  std::string complaint(const Bytes& bytes, const IdxOptions& options = {.remedy = "Mend it."}) {
    const std::string text = message_of<Error>([&] { read(bytes, options); });
    const std::string name = (folder_ / "file").native() + ": ";
    EXPECT_TRUE(text.starts_with(name)) << text;
    return text.substr(std::min(name.size(), text.size()));
  }

  TemporaryFolder folder_;
};

TEST_F(Idx, ReadsPlainAndCompressedFiles) {
  for (const Bytes& file : {kHeader + kPixels, gzipped(kHeader + kPixels)}) {
    const IdxArray array = read(file);
    EXPECT_EQ(array.type, IdxType::kUint8);
    EXPECT_EQ(array.extents, (std::vector<std::uint32_t>{3, 2, 4}));
    EXPECT_EQ(array.bytes, kPixels);
    EXPECT_EQ(idx_header(array), kHeader);
  }
}

TEST_F(Idx, SumIsThatOfTheDecompressedFile) {
  // printf '\0\0\10\1\0\0\0\3abc' | sha256sum
  const Bytes file = {0, 0, 8, 1, 0, 0, 0, 3, 'a', 'b', 'c'};
  const std::string sum = "379a7afbfd9f0de0a36184463dd209c260f4582821ea2e5e4c40c7eb713dbda2";
  EXPECT_EQ(sha256_of_idx(read(file)), sum);
  EXPECT_EQ(sha256_of_idx(read(gzipped(file))), sum);
}

TEST_F(Idx, ReadsEveryElementTypeAndRank) {
  const std::vector<std::pair<int, std::size_t>> types = {{8, 1},  {9, 1},  {11, 2},
                                                          {12, 4}, {13, 4}, {14, 8}};
  for (const auto& [code, size] : types) {
    const Bytes payload(5 * size, 7);
    const IdxArray array =
        read(Bytes{0, 0, static_cast<std::uint8_t>(code), 1, 0, 0, 0, 5} + payload);
    EXPECT_EQ(array.bytes, payload) << code;
    EXPECT_EQ(element_bytes(array.type), size) << code;
  }
  Bytes deep = {0, 0, 8, 255};
  for (int i = 0; i < 255; ++i) deep = deep + Bytes{0, 0, 0, 1};
  EXPECT_EQ(read(deep + Bytes{9}).extents.size(), 255u);
  EXPECT_TRUE(read({0, 0, 8, 2, 0, 0, 0, 0, 255, 255, 255, 255}).bytes.empty());
}

TEST_F(Idx, EveryTruncationIsAnError) {
  const Bytes whole = kHeader + kPixels;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string text = complaint(cut);
    if (size < 4) {
      EXPECT_EQ(text,
                "holds " + std::to_string(size) + " bytes, an IDX file begins with four. Mend it.");
    } else if (size < 16) {
      EXPECT_EQ(text, "ends within the header of an array of rank 3. Mend it.") << size;
    } else {
      EXPECT_EQ(text, "the header promises 3 elements of 2x4 uint8 but the file holds " +
                          std::to_string(size - 16) + " bytes after it. Mend it.");
    }
  }
}

TEST_F(Idx, EveryTruncationOfACompressedFileIsAnError) {
  const Bytes whole = gzipped(kHeader + kPixels);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(complaint(cut).empty()) << size;
  }
  EXPECT_EQ(complaint(Bytes(whole.begin(), whole.end() - 1)),
            "the compressed file is cut short: it ends after " + std::to_string(whole.size() - 1) +
                " bytes");
}

TEST_F(Idx, EveryDamagedByteOfACompressedFileIsAnErrorOrHarmless) {
  const Bytes whole = gzipped(kHeader + kPixels);
  int errors = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes damaged = whole;
    damaged[i] ^= 0x55;
    try {
      // Time stamp, flags and system in the header of gzip say nothing about the content.
      EXPECT_EQ(read(damaged).bytes, kPixels) << i;
    } catch (const Error&) {
      ++errors;
    }
  }
  EXPECT_GE(errors, static_cast<int>(whole.size()) - 8);
  Bytes wrong_sum = whole;
  wrong_sum[whole.size() - 6] ^= 1;
  EXPECT_EQ(complaint(wrong_sum), "the compressed file is damaged: incorrect data check");
}

TEST_F(Idx, OtherFilesAreNamed) {
  for (const Bytes& magic :
       {Bytes{0x89, 'P', 'N', 'G'}, Bytes{0, 1, 8, 1}, Bytes{1, 0, 8, 1}, Bytes{0, 0, 10, 1},
        Bytes{0, 0, 15, 1}, Bytes{0, 0, 7, 1}, Bytes{0, 0, 8, 0}}) {
    EXPECT_TRUE(complaint(magic + Bytes(100, 0)).find("an IDX file with 00 00, its type") !=
                std::string::npos);
  }
  EXPECT_EQ(complaint({0x89, 'P', 'N', 'G'}),
            "begins with 89 50 4e 47, an IDX file with 00 00, its type (08 09 0b 0c 0d 0e) and its "
            "rank (1 or more). Mend it.");
}

TEST_F(Idx, TrailingBytesAreAnError) {
  for (const Bytes& file : {kHeader + kPixels + Bytes{0}, gzipped(kHeader + kPixels + Bytes{0})}) {
    EXPECT_EQ(complaint(file),
              "holds more than the 3 elements of 2x4 uint8 that the header promises. Mend it.");
  }
}

TEST_F(Idx, AHeaderCannotClaimMemory) {
  const Bytes billions = {0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 28, 0, 0, 0, 28};
  EXPECT_EQ(complaint(billions + Bytes(100, 0)),
            "the header promises 4294967295 elements of 28x28 uint8 but the file holds 100 bytes "
            "after it. Mend it.");
  EXPECT_NE(complaint(gzipped(billions + Bytes(100, 0))).find("but the file can hold at most "),
            std::string::npos);
  // The product of the extents does not fit in 64 bits; a careless one would be 0.
  const Bytes wrapped = {0, 0, 8, 4, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1};
  EXPECT_NE(complaint(wrapped).find("2147483648 elements of 2147483648x4x1 uint8"),
            std::string::npos);
}

TEST_F(Idx, ACompressedBombIsRefused) {
  // 4 MB of zeros in 4 kB; the header tells the truth, so only the limit can refuse it.
  const Bytes bomb = gzipped(Bytes{0, 0, 8, 1, 0, 64, 0, 0} + Bytes(std::size_t{1} << 22, 0));
  ASSERT_LT(bomb.size(), 5000u);
  EXPECT_EQ(complaint(bomb, {.most_bytes = std::size_t{1} << 20}),
            "the header promises 4194304 elements of uint8: more than the 1048576 bytes that are "
            "read");
  // One that says it is small is not read on.
  const Bytes liar = gzipped(Bytes{0, 0, 8, 1, 0, 0, 0, 9} + Bytes(std::size_t{1} << 22, 0));
  EXPECT_EQ(complaint(liar),
            "holds more than the 9 elements of uint8 that the header promises. Mend it.");
}

TEST_F(Idx, MissingFilesAndFoldersAreNamed) {
  EXPECT_EQ(message_of<Error>([&] { read_idx(folder_ / "none"); }),
            (folder_ / "none").native() + ": cannot be opened: No such file or directory");
  EXPECT_EQ(message_of<Error>([&] { read_idx(folder_.path()); }),
            folder_.path().native() + ": is no regular file");
}

TEST_F(Idx, IntegersBecomeBytesIfTheyFit) {
  const auto convert = [](IdxType type, const Bytes& bytes) {
    return idx_to_uint8({type, {1}, bytes}, "labels: ");
  };
  EXPECT_EQ(convert(IdxType::kUint8, {0, 255}), (Bytes{0, 255}));
  EXPECT_EQ(convert(IdxType::kInt8, {0, 127}), (Bytes{0, 127}));
  EXPECT_EQ(convert(IdxType::kInt16, {0, 255, 0, 3}), (Bytes{255, 3}));
  EXPECT_EQ(convert(IdxType::kInt32, {0, 0, 0, 200, 0, 0, 0, 1}), (Bytes{200, 1}));
  const auto refusal = [&](IdxType type, const Bytes& bytes) {
    return message_of<Error>([&] { convert(type, bytes); });
  };
  EXPECT_EQ(refusal(IdxType::kInt8, {5, 255}), "labels: element 1 is -1, outside 0 to 255");
  EXPECT_EQ(refusal(IdxType::kInt16, {1, 0}), "labels: element 0 is 256, outside 0 to 255");
  EXPECT_EQ(refusal(IdxType::kInt32, {255, 255, 255, 254}),
            "labels: element 0 is -2, outside 0 to 255");
  EXPECT_EQ(refusal(IdxType::kFloat32, {0, 0, 0, 0}),
            "labels: holds float32 elements; here only integers from 0 to 255 are supported");
}

}  // namespace
}  // namespace normlab
