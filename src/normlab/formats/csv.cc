#include "normlab/formats/csv.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "normlab/base/error.h"

namespace normlab {
namespace {

template <class T>
std::optional<T> parse_number(const std::string& field) {
  const char* end = field.data() + field.size();
  T value{};
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

CsvWriter::CsvWriter(std::span<const std::string> columns) : columns_(columns.size()) {
  for (const std::string& column : columns) text(column);
  end_row();
}

CsvWriter& CsvWriter::text(std::string_view value) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    append(value);
    return *this;
  }
  std::string quoted = "\"";
  for (const char character : value) {
    quoted += character;
    if (character == '"') quoted += '"';
  }
  append(quoted + '"');
  return *this;
}

CsvWriter& CsvWriter::integer(std::int64_t value) {
  append(fmt::format("{}", value));
  return *this;
}

CsvWriter& CsvWriter::real(double value) {
  append(fmt::format("{}", value));
  return *this;
}

CsvWriter& CsvWriter::real(float value) {
  append(fmt::format("{}", value));
  return *this;
}

void CsvWriter::end_row() {
  if (fields_ != columns_) throw std::logic_error("csv: a row is longer or shorter than the head");
  table_ += '\n';
  fields_ = 0;
}

void CsvWriter::append(std::string_view field) {
  if (fields_++ != 0) table_ += ',';
  table_ += field;
}

CsvReader::CsvReader(std::string_view text, std::string source)
    : rest_(text), source_(std::move(source)) {
  if (!read_row(columns_)) fail("the table is empty, not even a head");
}

std::size_t CsvReader::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) fail(fmt::format("there is no column \"{}\"", name));
  return static_cast<std::size_t>(found - columns_.begin());
}

bool CsvReader::next(std::vector<std::string>& fields) {
  if (!read_row(fields)) return false;
  if (fields.size() != columns_.size()) {
    fail(fmt::format("{} fields, the head has {}", fields.size(), columns_.size()));
  }
  return true;
}

double CsvReader::real(const std::string& field) const {
  const auto value = parse_number<double>(field);
  if (!value) fail(fmt::format("\"{}\" is no number", field));
  return *value;
}

float CsvReader::real_float(const std::string& field) const {
  const auto value = parse_number<float>(field);
  if (!value) fail(fmt::format("\"{}\" is no number", field));
  return *value;
}

std::int64_t CsvReader::integer(const std::string& field) const {
  const auto value = parse_number<std::int64_t>(field);
  if (!value) fail(fmt::format("\"{}\" is no whole number", field));
  return *value;
}

bool CsvReader::read_row(std::vector<std::string>& fields) {
  line_ = next_line_;
  if (rest_.empty()) return false;
  // Strings of the row before are used again, so that a long table costs no memory per field.
  std::size_t count = 0;
  const auto start_field = [&]() -> std::string& {
    if (count == fields.size()) fields.emplace_back();
    fields[count].clear();
    return fields[count++];
  };
  std::string* field = &start_field();
  bool quoted = false;
  std::size_t position = 0;
  while (position < rest_.size()) {
    const char character = rest_[position++];
    if (character == '\n') ++next_line_;
    if (quoted) {
      if (character != '"') {
        *field += character;
      } else if (position < rest_.size() && rest_[position] == '"') {
        *field += rest_[position++];
      } else {
        quoted = false;
      }
    } else if (character == '"' && field->empty()) {
      quoted = true;
    } else if (character == ',') {
      field = &start_field();
    } else if (character == '\n') {
      break;
    } else if (character != '\r') {
      *field += character;
    }
  }
  if (quoted) fail("a quoted field does not end");
  rest_.remove_prefix(position);
  fields.resize(count);
  return true;
}

void CsvReader::fail(const std::string& what) const {
  throw Error(fmt::format("{}:{}: {}; the file is damaged", source_, line_, what));
}

}  // namespace normlab
