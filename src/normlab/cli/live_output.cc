#include "normlab/cli/live_output.h"

#include <fmt/format.h>

#include <cstdio>

namespace normlab {

void LiveOutput::keep(const std::string& line) {
  if (quiet_) return;
  clear();
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void LiveOutput::show(const std::string& live_line) {
  fmt::print("\r{}\033[K", live_line);
  std::fflush(stdout);
  is_shown_ = true;
}

void LiveOutput::clear() {
  if (!is_shown_) return;
  fmt::print("\r\033[K");
  std::fflush(stdout);
  is_shown_ = false;
}

void LiveOutput::remark(const std::string& text) {
  clear();
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", text);
}

void LiveOutput::failed(const std::string& run, const std::string& message) {
  remark(styled(fmt::format("{} failed: {}", run, message), Style::kRed, terminal_.has_colours));
}

}  // namespace normlab
