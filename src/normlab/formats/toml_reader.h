// Reads TOML that people write by hand: every value is typed and checked against its range, and a
// key that nobody asked for is an error, because it is a misspelt one.
//
//   const TomlReader file(text, "experiments/mine.toml");
//   const auto epochs = file.whole("train.epochs", {.least = 1});
//   file.refuse_unknown_keys();
//
// Every message starts with source, line and column: "mine.toml:12:9: train.epochs must be a whole
// number of at least 1, not "ten"".
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace normlab {

// The values from `least` to `most`; either end may be excluded. A NaN lies in no range.
template <class T>
struct Range {
  T least = std::numeric_limits<T>::lowest();
  T most = std::numeric_limits<T>::max();
  bool above_least = false;  // least itself is excluded
  bool below_most = false;   // most itself is excluded

  bool holds(T value) const {
    return (above_least ? value > least : value >= least) &&
           (below_most ? value < most : value <= most);
  }
};

// " of at least 1", " from 0 to 1", " above 0 and below 1"; empty for the range of everything.
std::string to_string(const Range<std::int64_t>& range);
std::string to_string(const Range<double>& range);

// How many values a list may have.
using CountRange = Range<std::int64_t>;

// A table of a TOML text. Keys are dotted from here: "train.epochs". A getter gives nothing if the
// key is absent, and throws UsageError if its value has another type or lies outside the range.
class TomlReader {
 public:
  // Throws UsageError naming line and column if the text is no TOML.
  TomlReader(const std::string& text, const std::string& source);

  // The table that holds key = value alone, for `--set key=value`: messages name the source without
  // line and column. `as_text`, or a value that is no TOML: it is text, and needs no quotes.
  static TomlReader assignment(const std::string& key, const std::string& value, bool as_text,
                               const std::string& source);

  bool has(const std::string& key) const;
  bool is_list(const std::string& key) const;  // [1, 2], for keys that take a value or a list
  std::optional<std::string> text(const std::string& key) const;
  std::optional<std::string> one_of(const std::string& key,
                                    std::span<const std::string> known) const;
  std::optional<bool> boolean(const std::string& key) const;
  std::optional<std::int64_t> whole(const std::string& key, const Range<std::int64_t>& range) const;
  std::optional<double> number(const std::string& key, const Range<double>& range) const;
  std::optional<std::vector<std::int64_t>> wholes(const std::string& key,
                                                  const Range<std::int64_t>& range,
                                                  const CountRange& count) const;
  std::optional<std::vector<double>> numbers(const std::string& key, const Range<double>& range,
                                             const CountRange& count) const;
  // [[key]]: the tables of an array; empty if it is absent.
  std::vector<TomlReader> tables(const std::string& key) const;
  // [key], whose own keys are dotted from there; nothing if it is absent.
  std::optional<TomlReader> table(const std::string& key) const;
  // A list of values to choose from, each as a reader that holds key = value alone; empty if the
  // key is absent. "1..30" stands for the whole numbers from 1 to 30. Throws UsageError for what is
  // neither, a list without values, and more than `most` of them.
  std::vector<TomlReader> choices(const std::string& key, std::int64_t most) const;

  // Throws UsageError at the first key that no getter was asked for, naming the nearest of those
  // that were.
  void refuse_unknown_keys() const;

  // Where this table begins, and where the value of a key does (the table, if the key is absent).
  int line() const;
  std::string where() const;  // "mine.toml:12:9"
  std::string where(const std::string& key) const;

  // Throws UsageError: where(key), ": ", complaint.
  [[noreturn]] void fail(const std::string& key, const std::string& complaint) const;

 private:
  struct Table;
  explicit TomlReader(std::shared_ptr<Table> table);

  std::shared_ptr<Table> table_;
};

// `text` as a TOML string: "..." with escapes, or '''...''' for several lines where that is exact.
std::string toml_string(const std::string& text);

}  // namespace normlab
