#include "normlab/data/zip.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data_sets/write_bytes.h"
#include "expect_error.h"
#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

// Made by Python (tests/golden/zip.py).
const std::filesystem::path kArchive = std::string(NORMLAB_TEST_DATA) + "/zip/three.zip";

std::vector<std::uint8_t> archive_bytes() {
  const std::string text = read_text_file(kArchive);
  return {text.begin(), text.end()};
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Zip, ReadsStoredAndDeflatedMembers) {
  EXPECT_EQ(text_of(read_zip_member(kArchive, "gzip/stored")), "stored as it is");
  EXPECT_EQ(text_of(read_zip_member(kArchive, "gzip/empty")), "");
  std::string repeated;
  for (int i = 0; i < 100; ++i) repeated += "again and ";
  EXPECT_EQ(text_of(read_zip_member(kArchive, "gzip/deflated")), repeated);
}

TEST(Zip, NamesWhatIsNotThere) {
  EXPECT_EQ(message_of<Error>([] { read_zip_member(kArchive, "stored"); }),
            kArchive.native() + ": has no member stored");
  EXPECT_EQ(message_of<Error>([] { read_zip_member(kArchive, "gzip/deflated", 999); }),
            kArchive.native() + ": gzip/deflated holds 1000 bytes, more than 999");
  TemporaryFolder folder;
  EXPECT_EQ(message_of<Error>([&] { read_zip_member(folder / "none", "a"); }),
            (folder / "none").native() + ": cannot be opened");
  write_file_atomically(folder / "text", "this is no archive, though it is long enough for one");
  EXPECT_EQ(message_of<Error>([&] { read_zip_member(folder / "text", "a"); }),
            (folder / "text").native() + ": is no .zip archive, or its end is missing");
}

TEST(Zip, EveryTruncationIsAnError) {
  const auto bytes = archive_bytes();
  TemporaryFolder folder;
  const std::string comment = "a comment after the directory";
  for (std::size_t size = 0; size < bytes.size() - comment.size(); ++size) {
    write_bytes(folder / "cut", std::span(bytes).first(size));
    EXPECT_THROW(read_zip_member(folder / "cut", "gzip/stored"), Error) << size;
  }
}

TEST(Zip, DamageIsFoundOrHarmless) {
  const auto bytes = archive_bytes();
  TemporaryFolder folder;
  const auto stored = read_zip_member(kArchive, "gzip/stored");
  const auto deflated = read_zip_member(kArchive, "gzip/deflated");
  int errors = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const std::uint8_t flip : {std::uint8_t{0x01}, std::uint8_t{0xff}}) {
      auto damaged = bytes;
      damaged[i] ^= flip;
      write_bytes(folder / "damaged", damaged);
      for (const bool first : {true, false}) {
        try {
          EXPECT_EQ(read_zip_member(folder / "damaged", first ? "gzip/stored" : "gzip/deflated"),
                    first ? stored : deflated)
              << "byte " << i;
        } catch (const Error&) {
          ++errors;
        }
      }
    }
  }
  // Two signatures, sizes, checksums, names and contents of two members: more than 80 bytes matter,
  // and each is changed twice.
  EXPECT_GT(errors, 160);
}

}  // namespace
}  // namespace normlab
