#include "normlab/report/gnuplot.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>

#include "normlab/base/child_process.h"
#include "normlab/base/error.h"

namespace normlab {
namespace {

// Files without a name: they are gone with the process, whatever happens.
using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Stream anonymous_file() {
  Stream stream(std::tmpfile(), &std::fclose);
  if (stream == nullptr) {
    throw Error(
        fmt::format("figures: no temporary file: {}", std::generic_category().message(errno)));
  }
  ::fcntl(::fileno(stream.get()), F_SETFD, FD_CLOEXEC);
  return stream;
}

void write_all(std::FILE* file, const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0) {
    throw Error(fmt::format("figures: the temporary file cannot be written: {}",
                            std::generic_category().message(errno)));
  }
  std::rewind(file);
}

std::vector<std::byte> read_all(std::FILE* file) {
  std::rewind(file);
  std::vector<std::byte> bytes;
  std::array<std::byte, 65536> block;
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), file)) {
    bytes.insert(bytes.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(got));
  }
  if (std::ferror(file) != 0) {
    throw Error(fmt::format("figures: the temporary file cannot be read: {}",
                            std::generic_category().message(errno)));
  }
  return bytes;
}

// gnuplot ends well even where the disk took only the first part of what it drew.
bool is_whole(const std::vector<std::byte>& picture) {
  const std::string_view text(reinterpret_cast<const char*>(picture.data()), picture.size());
  using namespace std::string_view_literals;
  if (text.starts_with("\x89PNG"sv)) return text.ends_with("IEND\xae\x42\x60\x82"sv);
  return text.substr(0, text.find_last_not_of(" \n") + 1).ends_with("</svg>"sv);
}

// Exit code of gnuplot, reading `in`, writing `out` and `complaints`.
int run(std::FILE* in, std::FILE* out, std::FILE* complaints) {
  try {
    return exit_code_of(
        start_child({"gnuplot", "--default-settings", "-"},
                    {.in = ::fileno(in), .out = ::fileno(out), .error = ::fileno(complaints)}));
  } catch (const std::system_error& error) {
    throw Error(fmt::format(
        "gnuplot cannot be started ({}), and figures need it. Install it: sudo apt install "
        "gnuplot-nox",
        error.code().message()));
  }
}

}  // namespace

std::vector<std::byte> run_gnuplot(const std::string& script) {
  const Stream in = anonymous_file();
  const Stream out = anonymous_file();
  const Stream complaints = anonymous_file();
  write_all(in.get(), script);
  const int exit_code = run(in.get(), out.get(), complaints.get());
  std::vector<std::byte> picture = read_all(out.get());
  if (exit_code != 0 || picture.empty()) {
    const auto bytes = read_all(complaints.get());
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t first = text.find_first_not_of(" \n");
    throw Error(fmt::format("gnuplot made no figure: {}", first == std::string::npos
                                                              ? "it gives no reason"
                                                              : text.substr(first, 300)));
  }
  if (!is_whole(picture)) {
    throw Error("gnuplot drew only a part of a figure: is the disk of temporary files full?");
  }
  return picture;
}

std::string quote(const std::string& text) {
  std::string quoted = "'";
  for (const char character : text) {
    if (static_cast<unsigned char>(character) < 0x20) {
      quoted += ' ';
    } else if (character == '\'') {
      quoted += "''";
    } else {
      quoted += character;
    }
  }
  return quoted + "'";
}

std::string png_terminal(int width, int height) {
  return fmt::format(
      "set terminal pngcairo noenhanced size {},{} font 'DejaVu Sans,15' linewidth 1.6 "
      "background rgb 'white'\nset pointsize 1.2\n",
      width, height);
}

std::string svg_terminal(int width, int height) {
  // A point is 4/3 pixels in the other terminal; markers are larger here.
  return fmt::format(
      "set terminal svg noenhanced size {},{} dynamic font 'DejaVu Sans,15' fontscale 1.3333 "
      "linewidth 1.6 background rgb 'white'\nset pointsize 0.7\n",
      width, height);
}

std::string figure_style() {
  return "set encoding utf8\n"
         "set border 3 linecolor rgb '#555555' linewidth 0.8\n"
         "set tics nomirror out scale 0.6,0.3 textcolor rgb '#333333'\n"
         "set grid xtics ytics mytics linecolor rgb '#c8c8c8' linewidth 0.6 dashtype solid, "
         "linecolor rgb '#e4e4e4' linewidth 0.6 dashtype solid\n"
         "set format x '%g'\n"
         "set xlabel textcolor rgb '#333333'\n"
         "set ylabel textcolor rgb '#333333'\n";
}

}  // namespace normlab
