// Texts for people.
#pragma once

#include <cstdint>
#include <string>

namespace normlab {

// 60000 as "60,000".
std::string with_thousands(std::int64_t number);

// The text with a question mark for each control character but ends of lines and tabs: what a
// terminal would obey, and the zero at which a message would end.
std::string printable(std::string text);

}  // namespace normlab
