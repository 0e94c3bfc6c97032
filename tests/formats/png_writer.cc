#include "formats/png_writer.h"

namespace normlab {

std::vector<std::byte> png_of(int width, int height, const PngOptions& options,
                              const std::vector<std::vector<png_byte>>& rows) {
  std::vector<std::byte> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, png_size_t length) {
        auto& to = *static_cast<std::vector<std::byte>*>(png_get_io_ptr(writer));
        const auto* from = reinterpret_cast<const std::byte*>(data);
        to.insert(to.end(), from, from + length);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
               options.bit_depth, options.colour_type,
               options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!options.palette.empty()) {
    png_set_PLTE(png, info, options.palette.data(), static_cast<int>(options.palette.size()));
  }
  if (!options.palette_alpha.empty()) {
    png_set_tRNS(png, info, options.palette_alpha.data(),
                 static_cast<int>(options.palette_alpha.size()), nullptr);
  }
  png_write_info(png, info);
  std::vector<std::vector<png_byte>> copy = rows;
  std::vector<png_bytep> pointers;
  for (auto& row : copy) pointers.push_back(row.data());
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::vector<std::byte> png_of(const Image& image) {
  PngOptions options;
  if (image.channels == 3) options.colour_type = PNG_COLOR_TYPE_RGB;
  std::vector<std::vector<png_byte>> rows;
  for (int row = 0; row < image.height; ++row) {
    rows.emplace_back(image.at(row, 0), image.at(row, 0) + image.width * image.channels);
  }
  return png_of(image.width, image.height, options, rows);
}

}  // namespace normlab
