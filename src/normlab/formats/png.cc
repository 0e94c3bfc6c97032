#include "normlab/formats/png.h"

#include <fmt/core.h>
#include <png.h>

#include <array>
#include <cstring>

#include "normlab/base/error.h"
#include "normlab/base/file.h"

// libpng's simplified interface: it catches its own errors (setjmp) inside and hands back a
// message, so no longjmp crosses a C++ frame.
namespace normlab {
namespace {

constexpr std::size_t kPixelLimit = std::size_t{1} << 26;
constexpr std::size_t kFileLimit = std::size_t{1} << 30;

class PngImage {
 public:
  PngImage() { image_.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image_); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;

  png_image* operator->() { return &image_; }
  png_image* get() { return &image_; }

 private:
  png_image image_{};
};

[[noreturn]] void fail(const std::string& source, const std::string& what) {
  throw Error(fmt::format("{}: {}. Give a picture in PNG format", source, what));
}

std::uint32_t big_endian(const std::byte* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

// The signature and the row of chunks up to IEND: libpng stops at the last row of pixels and would
// take a file that is cut off after it.
void check_chunks(std::span<const std::byte> bytes, const std::string& source) {
  constexpr std::array<unsigned char, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (bytes.size() < kSignature.size() ||
      std::memcmp(bytes.data(), kSignature.data(), kSignature.size()) != 0) {
    fail(source, "is no PNG file");
  }
  constexpr std::size_t kAroundData = 12;  // length, type and checksum
  for (bytes = bytes.subspan(kSignature.size()); bytes.size() >= kAroundData;) {
    const std::size_t length = big_endian(bytes.data());
    if (length > bytes.size() - kAroundData) break;
    if (std::memcmp(bytes.data() + 4, "IEND", 4) == 0) return;
    bytes = bytes.subspan(length + kAroundData);
  }
  fail(source, "the PNG file is cut off");
}

}  // namespace

Image::Image(int image_width, int image_height, int image_channels, std::uint8_t value)
    : width(image_width),
      height(image_height),
      channels(image_channels),
      pixels(static_cast<std::size_t>(image_width) * static_cast<std::size_t>(image_height) *
                 static_cast<std::size_t>(image_channels),
             value) {}

Image decode_png(std::span<const std::byte> bytes, const std::string& source) {
  check_chunks(bytes, source);
  PngImage png;
  if (png_image_begin_read_from_memory(png.get(), bytes.data(), bytes.size()) == 0) {
    fail(source, fmt::format("the PNG file is damaged ({})", png->message));
  }
  if (static_cast<std::size_t>(png->width) * png->height > kPixelLimit) {
    fail(source, fmt::format("{}x{} pixels, more than the {} that are sensible here", png->width,
                             png->height, kPixelLimit));
  }
  // Numbers of 16 bits would be taken for linear light; in files they hardly ever are.
  png->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  const bool colour = (png->format & PNG_FORMAT_FLAG_COLOR) != 0;
  png->format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Image image(static_cast<int>(png->width), static_cast<int>(png->height), colour ? 3 : 1, 0);
  constexpr png_color kWhite = {255, 255, 255};
  if (png_image_finish_read(png.get(), &kWhite, image.pixels.data(), 0, nullptr) == 0) {
    fail(source, fmt::format("the PNG file is damaged ({})", png->message));
  }
  return image;
}

Image read_png(const std::filesystem::path& path) {
  return decode_png(read_file(path, kFileLimit), path.native());
}

}  // namespace normlab
