#include "normlab/experiment/digests_csv.h"

#include <fmt/format.h>

#include <charconv>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/formats/csv.h"

namespace normlab {

std::string digests_csv(const std::vector<std::string>& arrays, const History& history) {
  std::vector<std::string> columns = {"epoch"};
  columns.insert(columns.end(), arrays.begin(), arrays.end());
  CsvWriter csv(columns);
  for (const EpochRecord& record : history) {
    csv.integer(record.epoch);
    for (const std::uint64_t digest : record.digests) csv.text(fmt::format("{:016x}", digest));
    csv.end_row();
  }
  return csv.table();
}

DigestTable read_digests(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  CsvReader csv(text, path.native());
  if (csv.columns().front() != "epoch") {
    throw Error(fmt::format("{}: the first column is not \"epoch\"; it is no file of digests",
                            path.native()));
  }
  DigestTable table;
  table.arrays.assign(csv.columns().begin() + 1, csv.columns().end());
  std::vector<std::string> fields;
  while (csv.next(fields)) {
    const std::size_t epoch = table.digests.size() + 1;
    if (csv.integer(fields[0]) != static_cast<std::int64_t>(epoch)) {
      throw Error(fmt::format("{}: row {} is of epoch {}; the file is damaged", path.native(),
                              epoch, fields[0]));
    }
    std::vector<std::uint64_t>& row = table.digests.emplace_back();
    for (std::size_t i = 1; i < fields.size(); ++i) {
      const std::string& field = fields[i];
      std::uint64_t digest = 0;
      const auto read = std::from_chars(field.data(), field.data() + field.size(), digest, 16);
      if (field.size() != 16 || read.ptr != field.data() + 16) {
        throw Error(
            fmt::format("{}: epoch {}: \"{}\" is no digest of 16 hexadecimal digits; the "
                        "file is damaged",
                        path.native(), epoch, field));
      }
      row.push_back(digest);
    }
  }
  return table;
}

}  // namespace normlab
