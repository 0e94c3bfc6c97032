#include "normlab/report/html.h"

#include <fmt/core.h>

#include <cstdint>

namespace normlab {

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (const char character : text) {
    switch (character) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group =
          group << 8 | (i + k < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::string data_uri(const std::string& media_type, std::span<const std::byte> bytes) {
  return fmt::format("data:{};base64,{}", media_type, base64(bytes));
}

std::string html_table(const Table& table) {
  const auto row = [&](const std::vector<std::string>& cells, const char* tag) {
    std::string html = "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      html += fmt::format("<{}{}>{}</{}>", tag, table.is_number[i] ? " class=\"number\"" : "",
                          escape_html(cells[i]), tag);
    }
    return html + "</tr>\n";
  };
  std::string html =
      "<div class=\"wide\"><table>\n<thead>\n" + row(table.head, "th") + "</thead>\n<tbody>\n";
  for (const auto& cells : table.rows) html += row(cells, "td");
  return html + "</tbody>\n</table></div>\n";
}

}  // namespace normlab
