#include "normlab/base/nearest.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <vector>

namespace normlab {
namespace {

bool same_letter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

std::string_view last_part(std::string_view name) {
  const auto dot = name.rfind('.');
  const bool is_key = name.find_first_of(" =") == std::string_view::npos;  // not "GN l1=0.009"
  return dot == std::string_view::npos || !is_key ? name : name.substr(dot + 1);
}

}  // namespace

int spelling_distance(std::string_view a, std::string_view b) {
  std::vector<int> before_last(b.size() + 1);
  std::vector<int> last(b.size() + 1);
  std::vector<int> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replaced = last[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string nearest_name(std::string_view name, std::span<const std::string> known) {
  std::string nearest;
  int least = std::numeric_limits<int>::max();
  for (const std::string& candidate : known) {
    const int whole = spelling_distance(name, candidate);
    const int part = spelling_distance(last_part(name), last_part(candidate)) + 1;
    if (const int distance = std::min(whole, part); distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace normlab
