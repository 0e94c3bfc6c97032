// Teaches a small network with group normalization to tell rows from columns.
#include <cstdio>

#include "normlab/base/random.h"
#include "normlab/train/trainer.h"

constexpr char kModel[] = R"(
name = "stripes"
input = [1, 9, 9]
layer = [
  {type = "conv", out = 8, kernel = 3}, {type = "relu"}, {type = "norm"},
  {type = "max_pool", kernel = 7},
  {type = "conv", out = 2, kernel = 1},
]
)";

// Images of noise with a bright line every four pixels: along rows in class 0, columns in class 1.
normlab::Dataset draw_stripes(int count, int seed) {
  normlab::Dataset data;
  data.name = "stripes";
  data.shape = {1, 9, 9};
  data.classes = 2;
  data.class_names = {"rows", "columns"};
  normlab::RandomStream random(static_cast<std::uint64_t>(seed), normlab::Purpose::kOrder, 0, 0);
  for (int i = 0; i < count; ++i) {
    const auto label = static_cast<std::uint8_t>(random.below(2));
    const auto phase = static_cast<int>(random.below(4));
    for (int pixel = 0; pixel < 81; ++pixel) {
      const int across = label == 0 ? pixel / 9 : pixel % 9;
      const int line = (across + phase) % 4 == 0 ? 100 : 0;
      data.images.push_back(static_cast<std::uint8_t>(line + static_cast<int>(random.below(100))));
    }
    data.labels.push_back(label);
  }
  return data;
}

int main() {
  const normlab::Dataset train = draw_stripes(1000, 1), test = draw_stripes(200, 2);

  normlab::NetworkOptions options;
  options.norm.kind = normlab::NormKind::kGroup;
  normlab::Network network(normlab::parse_model(kModel, "stripes"), options);
  network.initialise(1);

  normlab::Recipe recipe;
  recipe.epochs = 5;
  recipe.augment.enabled = false;
  normlab::Workers workers(normlab::available_threads());
  normlab::Trainer trainer(network, train, test, recipe, workers);
  while (trainer.epochs_done() < recipe.epochs) {
    const normlab::EpochRecord epoch = trainer.run_epoch({});
    std::printf("epoch %d: loss %.4f, %.1f %% of the test images right\n", epoch.epoch,
                epoch.train_loss, epoch.test_accuracy);
  }
}
