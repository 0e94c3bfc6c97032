// A small experiment for the report's tests: ten classes of 8x8 images, two finished runs and one
// that failed.
#pragma once

#include <fmt/core.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "normlab/base/random.h"
#include "normlab/data/dataset.h"
#include "normlab/experiment/predictions.h"
#include "normlab/experiment/results.h"
#include "normlab/formats/png.h"
#include "normlab/report/mistakes.h"

namespace normlab {

inline Dataset sample_test_set(int size, int classes = 10, int channels = 1) {
  RandomStream random(3, Purpose::kAugmentation, 0, 0);
  Dataset data;
  data.name = "sample";
  data.split = "test";
  data.shape = {channels, 8, 8};
  data.classes = classes;
  for (int i = 0; i < classes; ++i) data.class_names.push_back(fmt::format("c{}", i));
  for (int i = 0; i < size; ++i) {
    data.labels.push_back(static_cast<std::uint8_t>(i % classes));
    for (std::size_t k = 0; k < data.shape.size(); ++k) {
      data.images.push_back(static_cast<std::uint8_t>(random.below(256)));
    }
  }
  return data;
}

// Right for all but the first `mistakes` images, which are taken for the next class with falling
// probability.
inline Predictions sample_predictions(const Dataset& data, int mistakes) {
  Predictions predictions;
  predictions.classes = data.classes;
  for (int i = 0; i < data.size(); ++i) {
    const int label = data.labels[static_cast<std::size_t>(i)];
    predictions.labels.push_back(label);
    const int chosen = i < mistakes ? (label + 1) % data.classes : label;
    const float probability = i < mistakes ? 0.99f - 0.01f * static_cast<float>(i) : 0.9f;
    for (int k = 0; k < data.classes; ++k) {
      const float rest = (1 - probability) / static_cast<float>(data.classes - 1);
      predictions.probabilities.push_back(k == chosen ? probability : rest);
    }
  }
  return predictions;
}

inline MistakeCounts sample_mistakes(const Dataset& data, int mistakes) {
  MistakeCounts counts;
  counts.add(sample_predictions(data, mistakes));
  return counts;
}

inline History sample_history(const std::vector<double>& accuracies, int images) {
  History history;
  for (const double accuracy : accuracies) {
    EpochRecord record;
    record.epoch = static_cast<int>(history.size()) + 1;
    record.learning_rate = 0.01;
    record.train_loss = 0.5;
    record.train_accuracy = 90;
    record.train_objective = 0.75;
    record.test_loss = (100.5 - accuracy) / 20;
    record.test_accuracy = accuracy;
    record.test_correct = static_cast<int>(accuracy * images / 100 + 0.5);
    record.seconds = 2;
    record.images_per_second = 30000;
    history.push_back(record);
  }
  return history;
}

inline ExperimentResults sample_results(int images) {
  ExperimentResults results;
  results.experiment = "trial <b>&\"bold\"</b>";
  const Norm group{NormKind::kGroup, 4, 1e-5f, 0.1f, true};
  const Norm batch{NormKind::kBatch, 4, 1e-5f, 0.1f, true};
  results.runs = {{"GN", "GN", group, 0.0f, 1, 7832, RunStatus::kFinished, "", "GN",
                   sample_history({80, 90, 95}, images)},
                  {"BN+L1", "BN+L1", batch, 0.009f, 1, 7832, RunStatus::kFinished, "", "BN-L1",
                   sample_history({60, 85, 93.3}, images)},
                  {"hot <i>",
                   "hot <i>",
                   group,
                   0.0f,
                   1,
                   7832,
                   RunStatus::kFailed,
                   "epoch 1, batch 3: the loss is nan & no <number>",
                   "hot",
                   {}}};
  results.environment = R"({"version": "0.1.0", "data": {"a <b>": "00ff"}})";
  return results;
}

inline MistakeCounts count(const std::vector<Predictions>& runs) {
  MistakeCounts counts;
  for (const Predictions& run : runs) counts.add(run);
  return counts;
}

// Pixels of a colour, or nearly.
inline int pixels_like(const Image& image, int red, int green, int blue) {
  int count = 0;
  for (int row = 0; row < image.height; ++row) {
    for (int column = 0; column < image.width; ++column) {
      const std::uint8_t* pixel = image.at(row, column);
      if (std::abs(pixel[0] - red) < 12 && std::abs(pixel[1] - green) < 12 &&
          std::abs(pixel[2] - blue) < 12) {
        ++count;
      }
    }
  }
  return count;
}

}  // namespace normlab
