#include "normlab/experiment/predictions.h"

#include <fmt/core.h>

#include <algorithm>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/formats/csv.h"

namespace normlab {
namespace {

constexpr std::size_t kFirstProbability = 3;  // after index, label and prediction

std::vector<std::string> columns(int classes) {
  std::vector<std::string> names = {"index", "label", "prediction"};
  for (int i = 0; i < classes; ++i) names.push_back(fmt::format("p{}", i));
  return names;
}

}  // namespace

int Predictions::predicted(int index) const {
  const auto row = of(index);
  return static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
}

std::vector<bool> Predictions::right() const {
  std::vector<bool> is_right(labels.size());
  for (int i = 0; i < size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    is_right[at] = predicted(i) == labels[at];
  }
  return is_right;
}

std::string predictions_csv(const Predictions& predictions) {
  CsvWriter csv(columns(predictions.classes));
  for (int i = 0; i < predictions.size(); ++i) {
    csv.integer(i).integer(predictions.labels[static_cast<std::size_t>(i)]);
    csv.integer(predictions.predicted(i));
    for (const float probability : predictions.of(i)) csv.real(probability);
    csv.end_row();
  }
  return csv.table();
}

void write_predictions(const std::filesystem::path& path, const Predictions& predictions) {
  write_file_atomically(path, predictions_csv(predictions));
}

Predictions read_predictions(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  CsvReader csv(text, path.native());
  Predictions predictions;
  predictions.classes =
      static_cast<int>(csv.columns().size()) - static_cast<int>(kFirstProbability);
  if (predictions.classes < 1 || csv.columns() != columns(predictions.classes)) {
    throw Error(
        fmt::format("{}: the columns are not index, label, prediction, p0, p1, ...; "
                    "it is no file of predictions",
                    path.native()));
  }
  // A number that was cut off may well be a number.
  if (!text.ends_with('\n')) {
    throw Error(fmt::format("{}: the last row does not end; the file is damaged", path.native()));
  }
  std::vector<std::string> fields;
  while (csv.next(fields)) {
    const auto fail = [&](const char* what) {
      throw Error(fmt::format("{}: row {}: {}; the file is damaged", path.native(),
                              predictions.size(), what));
    };
    if (csv.integer(fields[0]) != predictions.size()) fail("the index is out of order");
    const auto label = csv.integer(fields[1]);
    if (label < 0 || label >= predictions.classes) fail("the label is outside the classes");
    predictions.labels.push_back(static_cast<int>(label));
    for (std::size_t i = kFirstProbability; i < fields.size(); ++i) {
      const float probability = csv.real_float(fields[i]);
      if (!(probability >= 0 && probability < 1.001f)) fail("a probability is outside 0 to 1");
      predictions.probabilities.push_back(probability);
    }
    if (csv.integer(fields[2]) != predictions.predicted(predictions.size() - 1)) {
      fail("the prediction is not the most probable class");
    }
  }
  return predictions;
}

}  // namespace normlab
