#include "normlab/experiment/key_tables.h"

#include <fmt/format.h>

#include "normlab/experiment/keys.h"

namespace normlab {
namespace {

std::string section_of(const std::string& name) { return name.substr(0, name.find('.')); }

}  // namespace

std::string document_keys() {
  const RunSettings defaults;
  std::string text;
  std::string section;
  for (const ExperimentKey& each : experiment_keys()) {
    if (section_of(each.name) != section) {
      section = section_of(each.name);
      text += fmt::format(
          "{}### `[{}]`\n\n| key | value | default | meaning |\n"
          "| --- | --- | --- | --- |\n",
          text.empty() ? "" : "\n", section);
    }
    const std::string value = each.write(defaults);
    text += fmt::format("| `{}` | {}{} | {} | {} |\n", each.name, each.type, each.range,
                        value.empty() ? "not set" : fmt::format("`{}`", value), each.meaning);
  }
  return text;
}

}  // namespace normlab
