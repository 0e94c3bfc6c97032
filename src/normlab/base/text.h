// Texts for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace normlab {

// 60000 as "60,000".
std::string with_thousands(std::int64_t number);

// "GN, LN, BN, RMS, IN, ...": no more than five of them.
std::string list_of(const std::vector<std::string>& names);

// The text with a question mark for each control character but ends of lines and tabs: what a
// terminal would obey, and the zero at which a message would end.
std::string printable(std::string text);

}  // namespace normlab
