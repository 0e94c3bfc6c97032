#include "normlab/report/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace normlab {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::string shorten(const std::string& text, std::size_t limit) {
  if (character_count(text) <= limit) return text;
  std::size_t end = 0;
  for (std::size_t characters = 0; end < text.size(); ++end) {
    if (!continues(text[end]) && ++characters == limit) break;
  }
  return text.substr(0, end) + "…";
}

std::size_t character_count(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::string format_loss(double loss) {
  if (!std::isfinite(loss)) return "–";
  if (loss >= 1e4) return fmt::format("{:.2e}", loss);
  return loss >= 0.001 || loss == 0 ? fmt::format("{:.4f}", loss) : fmt::format("{:.1e}", loss);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace normlab
