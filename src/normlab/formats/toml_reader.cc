#include "normlab/formats/toml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/nearest.h"

namespace normlab {
namespace {

template <class T>
std::string describe(const Range<T>& range) {
  const bool has_least = range.least != std::numeric_limits<T>::lowest();
  const bool has_most = range.most != std::numeric_limits<T>::max();
  if (has_least && has_most && !range.above_least && !range.below_most) {
    if (range.least == range.most) return fmt::format(" of {}", range.least);
    return fmt::format(" from {} to {}", range.least, range.most);
  }
  std::string text;
  if (has_least) {
    text = fmt::format(" {} {}", range.above_least ? "above" : "of at least", range.least);
  }
  if (has_most) {
    text += fmt::format("{} {} {}", has_least ? " and" : "",
                        range.below_most ? "below" : "of at most", range.most);
  }
  return text;
}

std::string place(const std::string& source, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", source, region.begin.line, region.begin.column);
}

std::string shown(const toml::node& node) {
  if (const auto* string = node.as_string()) return fmt::format("\"{}\"", string->get());
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

const toml::node* find(const toml::table& table, std::string_view key) {
  const auto dot = key.find('.');
  const toml::node* node = table.get(key.substr(0, dot));
  if (node == nullptr || dot == std::string_view::npos) return node;
  const toml::table* inner = node->as_table();
  return inner == nullptr ? nullptr : find(*inner, key.substr(dot + 1));
}

std::optional<std::int64_t> as_whole(const toml::node& node) {
  return node.value_exact<std::int64_t>();
}

std::optional<double> as_number(const toml::node& node) {
  if (!node.is_number()) return std::nullopt;
  const std::optional<double> value = node.value<double>();
  if (value == 0.0) return 0.0;  // -0.0 too, which would be written in another way
  return value;
}

// "1..30": its two ends, in order.
std::optional<std::pair<std::int64_t, std::int64_t>> as_ends(const std::string& text) {
  const auto dots = text.find("..");
  if (dots == std::string::npos) return std::nullopt;
  std::int64_t first = 0;
  std::int64_t last = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto a = std::from_chars(begin, begin + dots, first);
  const auto b = std::from_chars(begin + dots + 2, end, last);
  const bool whole = a.ec == std::errc() && a.ptr == begin + dots && b.ec == std::errc() &&
                     b.ptr == end && first <= last;
  return whole ? std::optional(std::pair(first, last)) : std::nullopt;
}

bool is_toml_value(const std::string& text) {
  try {
    [[maybe_unused]] const auto table = toml::parse("value = " + text);
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
}

}  // namespace

std::string to_string(const Range<std::int64_t>& range) { return describe(range); }
std::string to_string(const Range<double>& range) { return describe(range); }

struct TomlReader::Table {
  std::shared_ptr<const toml::table> document;  // keeps `table` alive
  const toml::table* table = nullptr;
  std::string source;
  bool has_lines = true;  // whether the source has lines that a message can name
  std::vector<std::string> asked;

  // If there is one, the table holds this key and value alone, and not what `table` does.
  struct Choice {
    std::string key;
    const toml::node* value = nullptr;
    std::shared_ptr<const toml::node> made;  // keeps a value alive that the document does not have
    toml::source_region source;
  };
  std::optional<Choice> choice;

  const toml::node* find(const std::string& key) const {
    if (!choice) return normlab::find(*table, key);
    return key == choice->key ? choice->value : nullptr;
  }

  std::string place(const toml::node& node) const {
    return place(choice ? choice->source : node.source());
  }
  std::string place(const toml::source_region& region) const {
    return has_lines ? normlab::place(source, region) : source;
  }

  const toml::node* find_asked(const std::string& key) {
    if (std::find(asked.begin(), asked.end(), key) == asked.end()) asked.push_back(key);
    return find(key);
  }

  [[noreturn]] void must_be(const std::string& key, const std::string& what,
                            const toml::node& node) const {
    throw UsageError(fmt::format("{}: {} must be {}, not {}", place(node), key, what, shown(node)));
  }

  template <class T, class Convert>
  std::optional<T> read(const std::string& key, const std::string& what, const Range<T>& range,
                        Convert convert) {
    const toml::node* node = find_asked(key);
    if (node == nullptr) return std::nullopt;
    const std::optional<T> value = convert(*node);
    if (!value || !range.holds(*value)) must_be(key, "a " + what + describe(range), *node);
    return value;
  }

  template <class T, class Convert>
  std::optional<std::vector<T>> read_list(const std::string& key, const std::string& what,
                                          const Range<T>& range, const CountRange& count,
                                          Convert convert) {
    const toml::node* node = find_asked(key);
    if (node == nullptr) return std::nullopt;
    const toml::array* list = node->as_array();
    if (list == nullptr) must_be(key, fmt::format("a list of {}s{}", what, describe(range)), *node);
    if (!count.holds(static_cast<std::int64_t>(list->size()))) {
      throw UsageError(fmt::format("{}: {} must be a list{} {}s, not of {}", place(*node), key,
                                   describe(count), what, list->size()));
    }
    std::vector<T> values;
    for (const toml::node& item : *list) {
      const std::optional<T> value = convert(item);
      if (!value || !range.holds(*value)) {
        must_be("a value of " + key, "a " + what + describe(range), item);
      }
      values.push_back(*value);
    }
    return values;
  }

  // What the keys that were asked for lie in: "train", and those asked for themselves.
  std::vector<std::string> tables() const {
    std::vector<std::string> names = asked;
    for (const std::string& key : asked) {
      if (const auto dot = key.rfind('.'); dot != std::string::npos) {
        names.push_back(key.substr(0, dot));
      }
    }
    return names;
  }

  void refuse_unknown(const toml::table& inner, const std::string& prefix) const {
    for (const auto& [key, node] : inner) {
      const std::string name = prefix + std::string(key.str());
      if (std::find(asked.begin(), asked.end(), name) != asked.end()) continue;
      const bool begins_known =
          std::any_of(asked.begin(), asked.end(),
                      [&](const std::string& known) { return known.starts_with(name + "."); });
      if (begins_known && node.is_table()) {
        refuse_unknown(*node.as_table(), name + ".");
      } else if (begins_known) {
        must_be(name, "a table of keys", node);
      } else {
        throw UsageError(fmt::format("{}: unknown key {}; the nearest known key is {}",
                                     place(key.source()), name,
                                     nearest_name(name, node.is_table() ? tables() : asked)));
      }
    }
  }
};

namespace {

// Behind the text in quotes that begins at `at`.
std::size_t end_of_quoted(const std::string& text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool is_long = text.compare(at, 3, three) == 0;
  for (std::size_t i = at + (is_long ? 3 : 1); i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (is_long && text.compare(i, 3, three) == 0) {
      // Two quotes more may belong to it.
      return std::min(text.find_first_not_of(quote, i + 3), std::min(i + 5, text.size()));
    } else if (!is_long && text[i] == quote) {
      return i + 1;
    } else if (!is_long && text[i] == '\n') {
      return i;
    }
  }
  return text.size();
}

// The parser calls itself for each part of a dotted key, until it has no stack left; of other
// nested values it keeps count.
void refuse_endless_key(const std::string& text, const std::string& source) {
  constexpr int kMostParts = 1000;
  int parts = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = end_of_quoted(text, i);
      continue;
    }
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (c == '.') ++parts;
    if (c == '=' || c == ',' || c == '\n') parts = 0;
    if (parts > kMostParts) {
      throw UsageError(
          fmt::format("{}: no valid TOML: a key of more than {} parts", source, kMostParts));
    }
    ++i;
  }
}

}  // namespace

TomlReader::TomlReader(std::shared_ptr<Table> table) : table_(std::move(table)) {}

TomlReader::TomlReader(const std::string& text, const std::string& source)
    : table_(std::make_shared<Table>()) {
  refuse_endless_key(text, source);
  try {
    table_->document = std::make_shared<const toml::table>(toml::parse(text, source));
  } catch (const toml::parse_error& error) {
    throw UsageError(
        fmt::format("{}: no valid TOML: {}", place(source, error.source()), error.description()));
  }
  table_->table = table_->document.get();
  table_->source = source;
}

TomlReader TomlReader::assignment(const std::string& key, const std::string& value, bool as_text,
                                  const std::string& source) {
  const bool quoted = value.starts_with('"') || value.starts_with('\'');
  const bool is_text = as_text ? !quoted : !is_toml_value(value);
  TomlReader reader(key + " = " + (is_text ? toml_string(value) : value), source);
  reader.table_->has_lines = false;
  return reader;
}

bool TomlReader::has(const std::string& key) const { return table_->find_asked(key) != nullptr; }

bool TomlReader::is_list(const std::string& key) const {
  const toml::node* node = table_->find_asked(key);
  return node != nullptr && node->is_array();
}

std::optional<std::string> TomlReader::text(const std::string& key) const {
  const toml::node* node = table_->find_asked(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string()) table_->must_be(key, "text in quotes", *node);
  return node->as_string()->get();
}

std::optional<std::string> TomlReader::one_of(const std::string& key,
                                              std::span<const std::string> known) const {
  const std::optional<std::string> value = text(key);
  if (value && std::find(known.begin(), known.end(), *value) == known.end()) {
    fail(key, fmt::format("unknown {} \"{}\"; the nearest known is \"{}\" (all: {})", key, *value,
                          nearest_name(*value, known), fmt::join(known, ", ")));
  }
  return value;
}

std::optional<bool> TomlReader::boolean(const std::string& key) const {
  const toml::node* node = table_->find_asked(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_boolean()) table_->must_be(key, "true or false", *node);
  return node->as_boolean()->get();
}

std::optional<std::int64_t> TomlReader::whole(const std::string& key,
                                              const Range<std::int64_t>& range) const {
  return table_->read<std::int64_t>(key, "whole number", range, as_whole);
}

std::optional<double> TomlReader::number(const std::string& key, const Range<double>& range) const {
  return table_->read<double>(key, "number", range, as_number);
}

std::optional<std::vector<std::int64_t>> TomlReader::wholes(const std::string& key,
                                                            const Range<std::int64_t>& range,
                                                            const CountRange& count) const {
  return table_->read_list<std::int64_t>(key, "whole number", range, count, as_whole);
}

std::optional<std::vector<double>> TomlReader::numbers(const std::string& key,
                                                       const Range<double>& range,
                                                       const CountRange& count) const {
  return table_->read_list<double>(key, "number", range, count, as_number);
}

std::vector<TomlReader> TomlReader::tables(const std::string& key) const {
  std::vector<TomlReader> readers;
  const toml::node* node = table_->find_asked(key);
  if (node == nullptr) return readers;
  if (!node->is_array_of_tables()) {
    table_->must_be(key, fmt::format("a list of tables, [[{}]]", key), *node);
  }
  for (const toml::node& item : *node->as_array()) {
    auto table = std::make_shared<Table>();
    table->document = table_->document;
    table->table = item.as_table();
    table->source = table_->source;
    readers.push_back(TomlReader(std::move(table)));
  }
  return readers;
}

std::optional<TomlReader> TomlReader::table(const std::string& key) const {
  const toml::node* node = table_->find_asked(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_table()) table_->must_be(key, "a table of keys", *node);
  auto table = std::make_shared<Table>();
  table->document = table_->document;
  table->table = node->as_table();
  table->source = table_->source;
  table->has_lines = table_->has_lines;
  return TomlReader(std::move(table));
}

std::vector<TomlReader> TomlReader::choices(const std::string& key, std::int64_t most) const {
  const toml::node* node = table_->find_asked(key);
  if (node == nullptr) return {};
  std::vector<TomlReader> readers;
  const auto add = [&](Table::Choice choice) {
    auto table = std::make_shared<Table>(*table_);
    table->asked.clear();
    table->choice = std::move(choice);
    readers.push_back(TomlReader(std::move(table)));
  };
  const auto check_count = [&](std::uint64_t count) {
    if (count > static_cast<std::uint64_t>(most)) {
      fail(key, fmt::format("{} has {} values; at most {} are possible", key, count, most));
    }
  };
  if (const toml::array* list = node->as_array()) {
    if (list->empty()) fail(key, fmt::format("{} is an empty list; give it values", key));
    check_count(list->size());
    for (const toml::node& item : *list) add({key, &item, nullptr, item.source()});
    return readers;
  }
  const auto* text = node->as_string();
  const auto ends = text == nullptr ? std::nullopt : as_ends(text->get());
  if (!ends) {
    table_->must_be(key,
                    "a list of values such as [1, 2] or [\"a\", \"b\"], or whole numbers from and "
                    "to such as \"1..30\"",
                    *node);
  }
  const auto [first, last] = *ends;
  // Of the difference alone: 1 more may be too large for 64 bits.
  const std::uint64_t between =
      static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
  check_count(std::max(between, between + 1));
  for (std::uint64_t i = 0; i <= between; ++i) {
    const auto value =
        std::make_shared<const toml::value<std::int64_t>>(first + static_cast<std::int64_t>(i));
    add({key, value.get(), value, node->source()});
  }
  return readers;
}

void TomlReader::refuse_unknown_keys() const { table_->refuse_unknown(*table_->table, ""); }

int TomlReader::line() const { return static_cast<int>(table_->table->source().begin.line); }

std::string TomlReader::where() const { return table_->place(*table_->table); }

std::string TomlReader::where(const std::string& key) const {
  const toml::node* node = table_->find(key);
  return node == nullptr ? where() : table_->place(*node);
}

void TomlReader::fail(const std::string& key, const std::string& complaint) const {
  throw UsageError(where(key) + ": " + complaint);
}

std::string toml_string(const std::string& text) {
  const bool several_lines = text.find('\n') != std::string::npos;
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
  if (several_lines && plain && text.find("'''") == std::string::npos && text.back() != '\'') {
    return "'''\n" + text + "'''";
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace normlab
