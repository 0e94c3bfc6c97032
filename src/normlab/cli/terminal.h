// What the standard output can show.
#pragma once

#include <string>

namespace normlab {

struct Terminal {
  bool is_terminal = false;  // else a pipe or a file: plain lines only
  bool has_colours = false;  // $NO_COLOR is not set, $TERM is not "dumb"
  bool has_unicode = false;  // the locale is UTF-8
};

Terminal standard_output();

// Columns now (it may be resized at any time); 80 if nobody knows.
int terminal_width();

// `text` in a style, if `colours`.
enum class Style { kBold, kDim, kGreen, kRed };
std::string styled(const std::string& text, Style style, bool colours);

// Number of columns that a text without styles takes: its code points.
int columns_of(const std::string& text);

// "1:02:03", "2:03", "0:07".
std::string clock_text(double seconds);

}  // namespace normlab
