// What is known after each epoch of a run.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace normlab {

// What a network says of images that it has not learned from.
struct Scores {
  double loss = 0;      // mean negative log-likelihood
  double accuracy = 0;  // percent
  int correct = 0;
};

struct EpochRecord {
  int epoch = 0;              // from 1
  double learning_rate = 0;   // of the epoch's last step
  double train_loss = 0;      // mean negative log-likelihood over the epoch, as the network learned
  double train_accuracy = 0;  // percent, likewise
  double train_objective = 0;  // train_loss + the mean of the penalty over the steps
  // Without validation images after every epoch; with them after the last alone, and NaN before.
  double test_loss = 0;      // mean negative log-likelihood
  double test_accuracy = 0;  // percent
  int test_correct = 0;
  double seconds = 0;                       // training and test together
  double images_per_second = 0;             // training images / seconds of training
  std::vector<std::uint64_t> digests = {};  // of the network after the epoch (train/digests.h)
  std::optional<Scores> validation = {};    // of the images held out, where there are any

  bool is_tested() const { return test_accuracy == test_accuracy; }  // not NaN
};

using History = std::vector<EpochRecord>;

// Of all epochs together.
inline double total_seconds(const History& epochs) {
  double sum = 0;
  for (const EpochRecord& record : epochs) sum += record.seconds;
  return sum;
}

}  // namespace normlab
