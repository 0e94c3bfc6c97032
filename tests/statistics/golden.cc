#include "statistics/golden.h"

#include <cstddef>
#include <limits>

#include "normlab/base/file.h"
#include "normlab/formats/csv.h"

namespace normlab {
namespace {

std::map<std::string, GoldenCase> read() {
  const std::string path = NORMLAB_SOURCE_DIR "/tests/statistics/golden.csv";
  const std::string text = read_text_file(path);
  CsvReader csv(text, path);
  std::map<std::string, GoldenCase> cases;
  std::vector<std::string> fields;
  while (csv.next(fields)) cases[fields[0]].add(fields[1], csv.real(fields[2]));
  return cases;
}

}  // namespace

double GoldenCase::operator[](const std::string& quantity) const {
  const auto found = values_.find(quantity);
  if (found != values_.end()) return found->second;
  ADD_FAILURE() << "golden.csv has no " << quantity;
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> GoldenCase::list(const std::string& prefix) const {
  std::vector<double> values;
  for (std::size_t i = 0; has(prefix + std::to_string(i)); ++i) {
    values.push_back((*this)[prefix + std::to_string(i)]);
  }
  return values;
}

const std::map<std::string, GoldenCase>& golden_cases() {
  static const std::map<std::string, GoldenCase> cases = read();
  return cases;
}

std::vector<std::string> sample_cases() {
  std::vector<std::string> names;
  for (const auto& [name, values] : golden_cases()) {
    if (values.has("b0")) names.push_back(name);
  }
  return names;
}

}  // namespace normlab
