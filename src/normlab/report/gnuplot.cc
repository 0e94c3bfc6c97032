#include "normlab/report/gnuplot.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <span>
#include <system_error>

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
  return bytes;
}

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void redirect(int descriptor, std::FILE* to) {
    ::posix_spawn_file_actions_adddup2(&actions_, ::fileno(to), descriptor);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Exit status of gnuplot, reading `in`, writing `out` and `complaints`.
int run(std::FILE* in, std::FILE* out, std::FILE* complaints) {
  FileActions actions;
  actions.redirect(STDIN_FILENO, in);
  actions.redirect(STDOUT_FILENO, out);
  actions.redirect(STDERR_FILENO, complaints);
  std::array<std::string, 3> words = {"gnuplot", "--default-settings", "-"};
  std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t process = 0;
  const int error =
      ::posix_spawnp(&process, "gnuplot", actions.get(), nullptr, arguments.data(), environ);
  if (error != 0) {
    throw Error(fmt::format(
        "gnuplot cannot be started ({}), and figures need it. Install it: sudo apt install "
        "gnuplot-nox",
        std::generic_category().message(error)));
  }
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::vector<std::byte> run_gnuplot(const std::string& script) {
  const Stream in = anonymous_file();
  const Stream out = anonymous_file();
  const Stream complaints = anonymous_file();
  write_all(in.get(), script);
  const int status = run(in.get(), out.get(), complaints.get());
  std::vector<std::byte> picture = read_all(out.get());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || picture.empty()) {
    const auto bytes = read_all(complaints.get());
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t first = text.find_first_not_of(" \n");
    throw Error(fmt::format("gnuplot made no figure: {}", first == std::string::npos
                                                              ? "it gives no reason"
                                                              : text.substr(first, 300)));
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
