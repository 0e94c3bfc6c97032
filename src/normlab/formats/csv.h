// Comma-separated values as RFC 4180 has them, with a head row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace normlab {

// Builds a table row by row. Numbers are written with the fewest digits that read back as the same
// number; text is quoted where it must be.
class CsvWriter {
 public:
  explicit CsvWriter(std::span<const std::string> columns);

  CsvWriter& text(std::string_view value);
  CsvWriter& integer(std::int64_t value);
  CsvWriter& real(double value);
  CsvWriter& real(float value);
  // Throws std::logic_error if the row has not as many fields as the head.
  void end_row();

  const std::string& table() const { return table_; }

 private:
  void append(std::string_view field);

  std::string table_;
  std::size_t columns_;
  std::size_t fields_ = 0;
};

// Reads a table row by row.
class CsvReader {
 public:
  // `text` must outlive the reader. Throws Error naming `source` (a file name) if there is no head.
  CsvReader(std::string_view text, std::string source);

  const std::vector<std::string>& columns() const { return columns_; }
  // The position of a column; throws Error naming the source if there is none of this name.
  std::size_t column(std::string_view name) const;

  // Reads the next row into `fields`; false at the end. Throws Error naming source and line for a
  // row that has not as many fields as the head, or a quote that does not end.
  bool next(std::vector<std::string>& fields);

  // A field as a number; throws Error naming source and line of the row just read for anything
  // else. "nan" and "inf" are numbers.
  double real(const std::string& field) const;
  float real_float(const std::string& field) const;  // rounded once
  std::int64_t integer(const std::string& field) const;

 private:
  bool read_row(std::vector<std::string>& fields);
  [[noreturn]] void fail(const std::string& what) const;

  std::string_view rest_;
  std::string source_;
  std::vector<std::string> columns_;
  int line_ = 0;       // on which the row just read begins, from 1
  int next_line_ = 1;  // on which the next one begins
};

}  // namespace normlab
