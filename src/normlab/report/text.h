// Text as people read it.
#pragma once

#include <cstddef>
#include <string>

namespace normlab {

// The first `limit` characters, the last of them an ellipsis if something is cut off. Characters
// of several bytes (UTF-8) stay whole.
std::string shorten(const std::string& text, std::size_t limit);

// How many characters a text of UTF-8 has.
std::size_t character_count(const std::string& text);

// "0.0283"; "3.1e-06" where four digits would show nothing; "5.87e+32" where there would be many.
std::string format_loss(double loss);

// "38 s", "2 min 05 s", "1 h 03 min".
std::string duration(double seconds);

}  // namespace normlab
