#include "normlab/cli/progress_bar.h"

#include <fmt/format.h>

namespace normlab {

std::string progress_bar(double share, int width, const Terminal& terminal) {
  if (!terminal.has_unicode) {
    const int full = static_cast<int>(share * width);
    return fmt::format("[{:#>{}}{:.>{}}]", "", full, "", width - full);
  }
  static const char* const kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(share * width * 8);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kEighths[eighths % 8];
  const int used = columns_of(text);
  std::string rest;
  for (int i = used; i < width; ++i) rest += "░";
  return styled(text, Style::kGreen, terminal.has_colours) +
         styled(rest, Style::kDim, terminal.has_colours);
}

}  // namespace normlab
