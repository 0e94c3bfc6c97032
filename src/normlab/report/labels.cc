#include "normlab/report/labels.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "normlab/report/text.h"

namespace normlab {
namespace {

// "learning_rate=0.01" as "le…=0.01", for two letters of each key.
std::string with_short_keys(const std::string& name, std::size_t letters) {
  std::istringstream words(name);
  std::string text;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos && equals > letters + 1) {
      word = word.substr(0, letters) + "…" + word.substr(equals);
    }
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

std::size_t count_different(std::span<const std::string> names) {
  return std::set<std::string>(names.begin(), names.end()).size();
}

}  // namespace

std::vector<std::string> distinct_labels(std::span<const std::string> names, std::size_t limit) {
  const std::size_t different = count_different(names);
  const auto fits = [&](const std::string& label) { return character_count(label) <= limit; };
  std::vector<std::string> labels(names.begin(), names.end());
  for (std::size_t letters = 12; letters > 0 && !std::ranges::all_of(labels, fits); --letters) {
    for (std::size_t i = 0; i < names.size(); ++i) labels[i] = with_short_keys(names[i], letters);
  }
  for (std::string& label : labels) label = shorten(label, limit);
  if (count_different(labels) == different) return labels;
  for (std::size_t i = 0; i < names.size(); ++i) labels[i] = with_short_keys(names[i], 1);
  if (count_different(labels) < different) labels.assign(names.begin(), names.end());
  return labels;
}

std::vector<std::string> arm_labels(const Comparison& comparison, std::size_t limit) {
  std::vector<std::string> names;
  for (const Arm& arm : comparison.arms.arms) names.push_back(arm.name);
  return distinct_labels(names, limit);
}

}  // namespace normlab
