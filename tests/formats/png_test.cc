#include "normlab/formats/png.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "expect_error.h"
#include "formats/png_writer.h"
#include "normlab/base/file.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

Image gradient(int width, int height, int channels) {
  Image image(width, height, channels, 0);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<std::uint8_t>(i * 37 + i / 5);
  }
  return image;
}

TEST(Png, ReadsGreyAndColours) {
  const TemporaryFolder folder;
  for (const int channels : {1, 3}) {
    const Image written = gradient(13, 7, channels);
    const auto path = folder / "a.png";
    write_file_atomically(path, png_of(written));
    const Image read = read_png(path);
    EXPECT_EQ(read.width, 13);
    EXPECT_EQ(read.height, 7);
    EXPECT_EQ(read.channels, channels);
    EXPECT_EQ(read.pixels, written.pixels);
  }
}

TEST(Png, ReadsPalettesSixteenBitsSingleBitsAndInterlaced) {
  PngOptions palette;
  palette.bit_depth = 2;
  palette.colour_type = PNG_COLOR_TYPE_PALETTE;
  palette.palette = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
  palette.palette_alpha = {255, 255, 0};  // blue is transparent
  // Pixels 0 1 2 in the upper six bits.
  const Image colours = decode_png(png_of(3, 1, palette, {{0b00011000}}), "palette.png");
  EXPECT_EQ(colours.channels, 3);
  EXPECT_EQ(colours.pixels, (std::vector<std::uint8_t>{255, 0, 0, 0, 255, 0, 255, 255, 255}));

  PngOptions deep;
  deep.bit_depth = 16;
  const Image grey = decode_png(png_of(2, 1, deep, {{0x80, 0x80, 0xff, 0xff}}), "deep.png");
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (std::vector<std::uint8_t>{0x80, 0xff}));

  PngOptions single;
  single.bit_depth = 1;
  EXPECT_EQ(decode_png(png_of(3, 1, single, {{0b10100000}}), "bits.png").pixels,
            (std::vector<std::uint8_t>{255, 0, 255}));

  PngOptions interlaced;
  interlaced.interlaced = true;
  const Image source = gradient(9, 9, 1);
  std::vector<std::vector<png_byte>> rows;
  for (int row = 0; row < 9; ++row) rows.emplace_back(source.at(row, 0), source.at(row, 0) + 9);
  EXPECT_EQ(decode_png(png_of(9, 9, interlaced, rows), "interlaced.png").pixels, source.pixels);
}

TEST(Png, TransparentIsWhite) {
  PngOptions alpha;
  alpha.colour_type = PNG_COLOR_TYPE_GRAY_ALPHA;
  const Image image = decode_png(png_of(3, 1, alpha, {{0, 0, 0, 255, 100, 0}}), "alpha.png");
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.pixels, (std::vector<std::uint8_t>{255, 0, 255}));
}

TEST(Png, RefusesEveryPrefix) {
  const auto bytes = png_of(gradient(11, 5, 3));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    expect_error([&] { decode_png(std::span(bytes).first(length), "cut.png"); }, {"cut.png"});
  }
  EXPECT_NO_THROW(decode_png(bytes, "whole"));
}

TEST(Png, NoticesEveryChangedByteOfThePixels) {
  const auto whole = png_of(gradient(11, 5, 3));
  const Image image = decode_png(whole, "whole");
  int refused = 0;
  for (std::size_t position = 0; position < whole.size(); ++position) {
    auto bytes = whole;
    bytes[position] ^= std::byte{0x41};
    try {
      EXPECT_EQ(decode_png(bytes, "changed").pixels, image.pixels) << position;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, static_cast<int>(whole.size()) / 2);
}

TEST(Png, TakesNoMemoryForWhatAHeaderClaims) {
  // A true header of a million by a million pixels, no data behind it.
  PngOptions options;
  auto bytes = png_of(1, 1, options, {{0}});
  constexpr unsigned char kHeader[] = {'I',  'H',  'D',  'R', 0, 0x0f, 0x42, 0x40, 0,
                                       0x0f, 0x42, 0x40, 8,   0, 0,    0,    0};
  std::memcpy(bytes.data() + 12, kHeader, sizeof kHeader);
  const auto checksum = static_cast<std::uint32_t>(crc32(0, kHeader, sizeof kHeader));
  for (unsigned i = 0; i < 4; ++i) bytes[29 + i] = static_cast<std::byte>(checksum >> (24 - 8 * i));
  expect_error([&] { decode_png(bytes, "huge.png"); }, {"huge.png", "1000000x1000000 pixels"});
}

TEST(Png, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "text.png", "not a picture");
  expect_error([&] { read_png(folder / "text.png"); }, {"text.png", "no PNG"});
  write_file_atomically(folder / "empty.png", "");
  expect_error([&] { read_png(folder / "empty.png"); }, {"empty.png", "no PNG"});
  expect_error([&] { read_png(folder / "none.png"); }, {"none.png"});
  expect_error([&] { read_png(folder.path()); }, {"folder"});
}

}  // namespace
}  // namespace normlab
