// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace normlab {

// 60000 as "60,000".
std::string with_thousands(std::int64_t number);

}  // namespace normlab
