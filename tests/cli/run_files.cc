#include "cli/run_files.h"

#include <gtest/gtest.h>

#include "normlab/base/file.h"
#include "normlab/formats/csv.h"

namespace normlab {
namespace {

std::string without_times(const std::string& table, const std::string& source) {
  CsvReader csv(table, source);
  const std::size_t seconds = csv.column("seconds");
  const std::size_t pace = csv.column("images_per_second");
  std::string text;
  std::vector<std::string> fields = csv.columns();
  do {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i != seconds && i != pace) text += fields[i] + ",";
    }
    text += "\n";
  } while (csv.next(fields));
  return text;
}

}  // namespace

std::map<std::string, std::string> run_files(const std::filesystem::path& folder,
                                             const std::vector<std::string>& runs) {
  std::map<std::string, std::string> files;
  for (const std::string& run : runs) {
    for (const char* name : {"model.safetensors", "predictions.csv", "digests.csv"}) {
      files[run + "/" + name] = read_text_file(folder / run / name);
    }
    const std::filesystem::path history = folder / run / "history.csv";
    files[run + "/history.csv"] = without_times(read_text_file(history), history.string());
  }
  return files;
}

void expect_same_files(const std::map<std::string, std::string>& expected,
                       const std::map<std::string, std::string>& actual) {
  ASSERT_EQ(expected.size(), actual.size());
  for (const auto& [name, bytes] : expected) {
    ASSERT_FALSE(bytes.empty()) << name;
    EXPECT_TRUE(actual.at(name) == bytes) << name << " has other bytes";
  }
}

}  // namespace normlab
