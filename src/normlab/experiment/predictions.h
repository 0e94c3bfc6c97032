// predictions.csv: what a trained network says of each test image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace normlab {

struct Predictions {
  int classes = 0;
  std::vector<int> labels;           // [N]: the true classes
  std::vector<float> probabilities;  // [N][classes]

  int size() const { return static_cast<int>(labels.size()); }
  std::span<const float> of(int index) const {
    return std::span(probabilities)
        .subspan(static_cast<std::size_t>(index) * static_cast<std::size_t>(classes),
                 static_cast<std::size_t>(classes));
  }
  // The most probable class; the first of equals.
  int predicted(int index) const;
  // Whether each image is classified correctly.
  std::vector<bool> right() const;
};

// The table that write_predictions() writes.
std::string predictions_csv(const Predictions& predictions);

// Columns: index, label, prediction, p0, p1, ... Atomic. Probabilities read back bit for bit.
void write_predictions(const std::filesystem::path& path, const Predictions& predictions);

// Throws Error naming path and line for a row that is damaged or does not end, an index out of
// order or a label or prediction outside the classes.
Predictions read_predictions(const std::filesystem::path& path);

}  // namespace normlab
