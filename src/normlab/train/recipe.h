// How a network is trained.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "normlab/data/augment.h"
#include "normlab/train/schedule.h"

namespace normlab {

enum class L1Scope {
  kAll,     // every parameter, scale and shift of norms included
  kWeights  // weights of convolutions and linear layers only
};

// Seeds of single sources of chance, where they are held apart from the run's.
struct Chance {
  std::optional<std::uint64_t> initialisation = {};
  std::optional<std::uint64_t> order = {};
  std::optional<std::uint64_t> augmentation = {};
  std::optional<std::uint64_t> dropout = {};
};

struct Recipe {
  int epochs = 15;
  int batch_size = 128;
  std::uint64_t seed = 1;
  Chance chance = {};
  bool shuffle = true;

  Schedule schedule = {};  // holds the base learning rate
  float momentum = 0.9f;
  bool nesterov = false;
  float weight_decay = 0.0f;
  float l1 = 0.0f;
  L1Scope l1_scope = L1Scope::kAll;

  AugmentOptions augment = {};          // training images only
  std::vector<float> mean = {0.1307f};  // of the pixels / 255, one per channel
  std::vector<float> std = {0.3081f};

  std::uint64_t initialisation_seed() const { return chance.initialisation.value_or(seed); }
  std::uint64_t order_seed() const { return chance.order.value_or(seed); }
  std::uint64_t augmentation_seed() const { return chance.augmentation.value_or(seed); }
  std::uint64_t dropout_seed() const { return chance.dropout.value_or(seed); }
};

}  // namespace normlab
