#include "normlab/report/tables.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "normlab/base/text.h"
#include "normlab/report/labels.h"
#include "normlab/report/text.h"

namespace normlab {
namespace {

// The median: another program's burst of work does not move it.
std::int64_t usual_speed(const History& epochs) {
  std::vector<double> speeds;
  for (const EpochRecord& record : epochs) {
    if (std::isfinite(record.images_per_second)) speeds.push_back(record.images_per_second);
  }
  if (speeds.empty()) return 0;
  const auto middle = speeds.begin() + static_cast<std::ptrdiff_t>(speeds.size() / 2);
  std::nth_element(speeds.begin(), middle, speeds.end());
  return std::llround(*middle);
}

std::string percent(double accuracy) {
  return std::isfinite(accuracy) ? fmt::format("{:.2f} %", accuracy) : "–";
}

struct Column {
  std::string head;
  std::string short_head;  // for the terminal; empty: not there
  bool is_number = true;
  std::function<std::string(const RunResult&)> cell;
};

// A cell about the last epoch, for runs that have one.
template <class Cell>
std::function<std::string(const RunResult&)> of_last_epoch(Cell cell) {
  return [cell](const RunResult& run) {
    return run.epochs.empty() ? std::string("–") : std::string(cell(run.epochs.back()));
  };
}

std::vector<Column> all_columns(int test_images) {
  using Run = const RunResult&;
  using Last = const EpochRecord&;
  return {
      {"Run", "Run", false, [](Run run) { return run.name; }},
      {"Test accuracy", "Test acc.", true,
       of_last_epoch([](Last last) { return percent(last.test_accuracy); })},
      {fmt::format("Right of {}", with_thousands(test_images)), "Right", true,
       of_last_epoch(
           [](Last last) { return last.is_tested() ? with_thousands(last.test_correct) : "–"; })},
      {"Test loss", "Test loss", true,
       of_last_epoch([](Last last) { return format_loss(last.test_loss); })},
      {"Validation accuracy", "Val. acc.", true, of_last_epoch([](Last last) {
         return last.validation ? percent(last.validation->accuracy) : "–";
       })},
      {"Train accuracy", "", true,
       of_last_epoch([](Last last) { return percent(last.train_accuracy); })},
      {"Norm", "Norm", false, [](Run run) { return describe(run.norm); }},
      {"L1", "L1", true, [](Run run) { return run.l1 == 0 ? "–" : fmt::format("{}", run.l1); }},
      {"Parameters", "", true, [](Run run) { return with_thousands(run.parameters); }},
      {"Epochs", "", true, [](Run run) { return fmt::format("{}", run.epochs.size()); }},
      {"Time", "Time", true,
       [](Run run) { return run.epochs.empty() ? "–" : duration(total_seconds(run.epochs)); }},
      {"Images/s", "Images/s", true,
       [](Run run) { return run.epochs.empty() ? "–" : with_thousands(usual_speed(run.epochs)); }},
      {"Status", "Status", false, [](Run run) { return to_string(run.status); }}};
}

// The column of states appears only if there is something to say.
Table make_table(const ExperimentResults& results, const std::vector<Column>& columns) {
  const bool all_finished =
      std::all_of(results.runs.begin(), results.runs.end(),
                  [](const RunResult& run) { return run.status == RunStatus::kFinished; });
  const bool any_validation =
      std::any_of(results.runs.begin(), results.runs.end(), [](const RunResult& run) {
        return !run.epochs.empty() && run.epochs.back().validation.has_value();
      });
  Table table;
  table.rows.resize(results.runs.size());
  for (const Column& column : columns) {
    if (column.head == "Status" && all_finished) continue;
    if (column.head.starts_with("Val") && !any_validation) continue;
    table.head.push_back(column.head);
    table.is_number.push_back(column.is_number);
    for (std::size_t i = 0; i < results.runs.size(); ++i) {
      table.rows[i].push_back(column.cell(results.runs[i]));
    }
  }
  return table;
}

}  // namespace

Table results_table(const ExperimentResults& results, int test_images) {
  return make_table(results, all_columns(test_images));
}

std::string results_text(const ExperimentResults& results, int test_images) {
  std::vector<Column> columns = all_columns(test_images);
  std::erase_if(columns, [](const Column& column) { return column.short_head.empty(); });
  for (Column& column : columns) column.head = column.short_head;
  // The classic runs then fit into the 80 columns of a terminal.
  constexpr std::size_t kLongestRunName = 24;
  std::vector<std::string> names;
  for (const RunResult& run : results.runs) names.push_back(run.name);
  const std::vector<std::string> labels = distinct_labels(names, kLongestRunName);
  columns.front().cell = [&](const RunResult& run) {
    return labels[static_cast<std::size_t>(&run - results.runs.data())];
  };
  return to_plain_text(make_table(results, columns));
}

std::string to_plain_text(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < table.head.size(); ++column) {
    std::size_t width = character_count(table.head[column]);
    for (const auto& row : table.rows) width = std::max(width, character_count(row[column]));
    widths.push_back(width);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t column = 0; column < cells.size(); ++column) {
      const std::string blanks(widths[column] - character_count(cells[column]), ' ');
      if (column != 0) text += "  ";
      text += table.is_number[column] ? blanks + cells[column] : cells[column] + blanks;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + '\n';
  };
  std::vector<std::string> rule;
  for (const std::size_t width : widths) rule.emplace_back(width, '-');
  std::string text = line(table.head) + line(rule);
  for (const auto& row : table.rows) text += line(row);
  return text;
}

}  // namespace normlab
