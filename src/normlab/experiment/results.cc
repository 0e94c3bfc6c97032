#include "normlab/experiment/results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/formats/csv.h"
#include "normlab/formats/shortest.h"
#include "normlab/train/norm_json.h"

namespace normlab {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const EpochRecord& record) {
  Json json = {{"epoch", record.epoch},
               {"learning_rate", record.learning_rate},
               {"train_loss", record.train_loss},
               {"train_accuracy", record.train_accuracy},
               {"train_objective", record.train_objective},
               {"test_loss", record.test_loss},
               {"test_accuracy", record.test_accuracy},
               {"test_correct", record.is_tested() ? Json(record.test_correct) : Json()},
               {"seconds", record.seconds},
               {"images_per_second", record.images_per_second}};
  if (record.validation) {
    json["validation_loss"] = record.validation->loss;
    json["validation_accuracy"] = record.validation->accuracy;
    json["validation_correct"] = record.validation->correct;
  }
  return json;
}

Json to_json(const RunResult& run) {
  Json epochs = Json::array();
  for (const EpochRecord& record : run.epochs) epochs.push_back(to_json(record));
  return {{"name", run.name},
          {"arm", run.arm},
          {"norm", Json::parse(to_json(run.norm))},
          {"l1", shortest(run.l1)},
          {"seed", run.seed},
          {"parameters", run.parameters},
          {"status", to_string(run.status)},
          {"message", run.message},
          {"folder", run.folder},
          {"epochs", std::move(epochs)}};
}

// A value in the file that knows where it stands, for messages.
class Node {
 public:
  Node(const Json& value, const std::string& file, std::string place)
      : value_(value), file_(file), place_(std::move(place)) {}

  Node operator[](const char* key) const {
    require(value_.is_object(), "an object");
    const auto found = value_.find(key);
    const std::string place = place_.empty() ? key : place_ + '.' + key;
    if (found == value_.end()) fail(fmt::format("\"{}\" is missing", place));
    return {*found, file_, place};
  }

  bool has(const char* key) const { return value_.is_object() && value_.contains(key); }

  // Calls take(Node) for each element of a list.
  template <class Take>
  void for_each(Take&& take) const {
    require(value_.is_array(), "a list");
    for (std::size_t i = 0; i < value_.size(); ++i) {
      take(Node(value_[i], file_, fmt::format("{}[{}]", place_, i)));
    }
  }

  std::string text() const {
    require(value_.is_string(), "a text");
    return value_.get<std::string>();
  }
  double real() const {
    if (value_.is_null()) return std::numeric_limits<double>::quiet_NaN();
    require(value_.is_number(), "a number");
    return value_.get<double>();
  }
  std::uint64_t count(std::uint64_t largest = std::numeric_limits<std::int32_t>::max()) const {
    require(value_.is_number_unsigned() && value_.get<std::uint64_t>() <= largest,
            "a whole number from 0");
    return value_.get<std::uint64_t>();
  }
  Norm norm() const { return norm_from_json(value_.dump(), fmt::format("{}: {}", file_, place_)); }
  int integer() const { return static_cast<int>(count()); }

  const Json& object() const {
    require(value_.is_object(), "an object");
    return value_;
  }

  void require(bool met, const char* what) const {
    if (!met) fail(fmt::format("\"{}\" is not {}", place_, what));
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("{}: {}; the file is damaged or of another program", file_, what));
  }

 private:
  const Json& value_;
  const std::string& file_;
  std::string place_;
};

EpochRecord read_epoch(const Node& node) {
  EpochRecord record;
  record.epoch = node["epoch"].integer();
  record.learning_rate = node["learning_rate"].real();
  record.train_loss = node["train_loss"].real();
  record.train_accuracy = node["train_accuracy"].real();
  record.train_objective = node["train_objective"].real();
  record.test_loss = node["test_loss"].real();
  record.test_accuracy = node["test_accuracy"].real();
  if (record.is_tested()) record.test_correct = node["test_correct"].integer();
  record.seconds = node["seconds"].real();
  record.images_per_second = node["images_per_second"].real();
  if (node.has("validation_correct")) {
    record.validation = {node["validation_loss"].real(), node["validation_accuracy"].real(),
                         node["validation_correct"].integer()};
  }
  return record;
}

RunStatus read_status(const Node& node) {
  const std::string text = node.text();
  for (const RunStatus status :
       {RunStatus::kFinished, RunStatus::kInterrupted, RunStatus::kFailed}) {
    if (text == to_string(status)) return status;
  }
  node.fail(fmt::format("\"{}\" is no status of a run", text));
}

// A folder's name comes from a file that others may have written: it must not lead out of the run.
std::string read_folder(const Node& node) {
  const std::string folder = node.text();
  node.require(!folder.empty() && folder != "." && folder != ".." &&
                   folder.find_first_of("/\\") == std::string::npos &&
                   folder.find('\0') == std::string::npos,
               "a plain name of a folder");
  return folder;
}

RunResult read_run(const Node& node) {
  RunResult run;
  run.name = node["name"].text();
  run.arm = node["arm"].text();
  run.norm = node["norm"].norm();
  run.l1 = static_cast<float>(node["l1"].real());
  run.seed = node["seed"].count(std::numeric_limits<std::uint64_t>::max());
  run.parameters = node["parameters"].integer();
  run.status = read_status(node["status"]);
  run.message = node["message"].text();
  run.folder = read_folder(node["folder"]);
  node["epochs"].for_each([&](const Node& epoch) { run.epochs.push_back(read_epoch(epoch)); });
  return run;
}

std::string format_json(const Json& document) {
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json read_json(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  // Writing it again calls itself for each level, until there is no stack left.
  constexpr int kDeepest = 200;
  const auto watch = [&](int depth, Json::parse_event_t, const Json&) {
    if (depth > kDeepest) {
      throw Error(fmt::format("{}: nested more than {} deep; the file is damaged", path.native(),
                              kDeepest));
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    throw Error(fmt::format("{}: no valid JSON at byte {}; the file is damaged", path.native(),
                            error.byte));
  }
}

const std::vector<std::string> kHistoryColumns = {
    "epoch",     "learning_rate", "train_loss",   "train_accuracy", "train_objective",
    "test_loss", "test_accuracy", "test_correct", "seconds",        "images_per_second"};

const std::vector<std::string> kValidationColumns = {"validation_loss", "validation_accuracy",
                                                     "validation_correct"};

bool has_validation(const History& history) {
  return std::any_of(history.begin(), history.end(),
                     [](const EpochRecord& record) { return record.validation.has_value(); });
}

std::vector<std::string> history_columns(bool with_validation) {
  std::vector<std::string> columns = kHistoryColumns;
  if (with_validation) {
    columns.insert(columns.end(), kValidationColumns.begin(), kValidationColumns.end());
  }
  return columns;
}

// What was not scored is left empty.
void append_scores(CsvWriter& csv, const std::optional<Scores>& scores) {
  if (scores) {
    csv.real(scores->loss).real(scores->accuracy).integer(scores->correct);
  } else {
    csv.text("").text("").text("");
  }
}

void append_history(CsvWriter& csv, const EpochRecord& record, bool with_validation) {
  csv.integer(record.epoch).real(record.learning_rate);
  csv.real(record.train_loss).real(record.train_accuracy).real(record.train_objective);
  const Scores test = {record.test_loss, record.test_accuracy, record.test_correct};
  append_scores(csv, record.is_tested() ? std::optional(test) : std::nullopt);
  csv.real(record.seconds).real(record.images_per_second);
  if (with_validation) append_scores(csv, record.validation);
}

// Three fields from `fields[at]` on; nothing if they are empty.
std::optional<Scores> read_scores(const CsvReader& csv, const std::vector<std::string>& fields,
                                  std::size_t at) {
  if (fields[at].empty() && fields[at + 1].empty() && fields[at + 2].empty()) return std::nullopt;
  return Scores{csv.real(fields[at]), csv.real(fields[at + 1]),
                static_cast<int>(csv.integer(fields[at + 2]))};
}

}  // namespace

std::string to_string(RunStatus status) {
  switch (status) {
    case RunStatus::kFinished:
      return "finished";
    case RunStatus::kInterrupted:
      return "interrupted";
    case RunStatus::kFailed:
      return "failed";
  }
  throw std::logic_error("not a status of a run");
}

void write_results(const std::filesystem::path& path, const ExperimentResults& results) {
  Json runs = Json::array();
  for (const RunResult& run : results.runs) runs.push_back(to_json(run));
  const auto object = [&](const std::string& text, const char* what) {
    Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!value.is_object()) {
      throw Error(fmt::format("{}: the {} is no JSON object", path.native(), what));
    }
    return value;
  };
  Json document = {{"experiment", results.experiment}, {"runs", std::move(runs)}};
  if (!results.statistics.empty())
    document["statistics"] = object(results.statistics, "statistics");
  document["environment"] = object(results.environment, "environment");
  write_file_atomically(path, format_json(document));
}

void write_ended_run(const std::filesystem::path& path, const EndedRun& run) {
  Json document = to_json(run.result);
  document["settings_sha256"] = run.settings_sha256;
  write_file_atomically(path, format_json(document));
}

EndedRun read_ended_run(const std::filesystem::path& path) {
  const Json document = read_json(path);
  const Node root(document, path.native(), "");
  return {read_run(root), root["settings_sha256"].text()};
}

ExperimentResults read_results(const std::filesystem::path& path) {
  const Json document = read_json(path);
  const Node root(document, path.native(), "");
  ExperimentResults results;
  results.experiment = root["experiment"].text();
  root["runs"].for_each([&](const Node& run) { results.runs.push_back(read_run(run)); });
  results.environment = root["environment"].object().dump(1);
  if (document.contains("statistics")) results.statistics = root["statistics"].object().dump(1);
  return results;
}

std::string results_csv(const ExperimentResults& results) {
  std::vector<std::string> columns = {"run", "arm",  "norm",       "groups",
                                      "l1",  "seed", "parameters", "status"};
  const bool with_validation =
      std::any_of(results.runs.begin(), results.runs.end(),
                  [](const RunResult& run) { return has_validation(run.epochs); });
  const std::vector<std::string> of_history = history_columns(with_validation);
  columns.insert(columns.end(), of_history.begin(), of_history.end());
  CsvWriter csv(columns);
  for (const RunResult& run : results.runs) {
    for (const EpochRecord& record : run.epochs) {
      csv.text(run.name).text(run.arm).text(to_string(run.norm.kind)).integer(run.norm.groups);
      csv.real(run.l1).text(fmt::format("{}", run.seed)).integer(run.parameters);
      csv.text(to_string(run.status));
      append_history(csv, record, with_validation);
      csv.end_row();
    }
  }
  return csv.table();
}

void write_results_csv(const std::filesystem::path& path, const ExperimentResults& results) {
  write_file_atomically(path, results_csv(results));
}

std::string history_csv(const History& history) {
  const bool with_validation = has_validation(history);
  CsvWriter csv(history_columns(with_validation));
  for (const EpochRecord& record : history) {
    append_history(csv, record, with_validation);
    csv.end_row();
  }
  return csv.table();
}

History read_history_csv(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  CsvReader csv(text, path.native());
  const bool with_validation = csv.columns() == history_columns(true);
  if (csv.columns() != history_columns(with_validation)) {
    throw Error(fmt::format("{}: the columns are not those of a history: {}", path.native(),
                            fmt::join(kHistoryColumns, ", ")));
  }
  History history;
  std::vector<std::string> fields;
  while (csv.next(fields)) {
    EpochRecord record;
    record.epoch = static_cast<int>(csv.integer(fields[0]));
    record.learning_rate = csv.real(fields[1]);
    record.train_loss = csv.real(fields[2]);
    record.train_accuracy = csv.real(fields[3]);
    record.train_objective = csv.real(fields[4]);
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    const Scores test = read_scores(csv, fields, 5).value_or(Scores{kNone, kNone, 0});
    record.test_loss = test.loss;
    record.test_accuracy = test.accuracy;
    record.test_correct = test.correct;
    if (with_validation) record.validation = read_scores(csv, fields, kHistoryColumns.size());
    record.seconds = csv.real(fields[8]);
    record.images_per_second = csv.real(fields[9]);
    history.push_back(record);
  }
  return history;
}

}  // namespace normlab
