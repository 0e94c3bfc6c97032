// Pieces of a page that needs nothing but itself.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "normlab/report/tables.h"

namespace normlab {

// Text as HTML shows it: no character of it is markup, in an attribute either.
std::string escape_html(const std::string& text);

// "data:image/png;base64,...".
std::string data_uri(const std::string& media_type, std::span<const std::byte> bytes);

// RFC 4648.
std::string base64(std::span<const std::byte> bytes);

std::string html_table(const Table& table);

}  // namespace normlab
