#include "cli/workplace.h"

#include <cstdint>

#include "data_sets/idx_files.h"
#include "normlab/base/file.h"
#include "normlab/base/random.h"

namespace normlab {
namespace {

constexpr int kSide = 12;
constexpr int kClasses = 3;

// Rows, columns or diagonals, with noise and at a random phase.
std::uint8_t pixel(int label, int row, int column, int phase, RandomStream& random) {
  const int position = label == 0 ? row : label == 1 ? column : row + column;
  const int bright = (position + phase) % 4 < 2 ? 150 : 30;
  return static_cast<std::uint8_t>(bright + static_cast<int>(random.below(100)));
}

void write_split(const std::filesystem::path& folder, const std::string& prefix, int images,
                 std::uint32_t stream) {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;
  for (int i = 0; i < images; ++i) {
    RandomStream random(20, Purpose::kOrder, stream, static_cast<std::uint32_t>(i));
    const int label = i % kClasses;
    const auto phase = static_cast<int>(random.below(4));
    labels.push_back(static_cast<std::uint8_t>(label));
    for (int row = 0; row < kSide; ++row) {
      for (int column = 0; column < kSide; ++column) {
        pixels.push_back(pixel(label, row, column, phase, random));
      }
    }
  }
  const auto count = static_cast<std::uint32_t>(images);
  write_file_atomically(folder / (prefix + "-images-idx3-ubyte"),
                        as_text(idx_file({count, kSide, kSide}, pixels)));
  write_file_atomically(folder / (prefix + "-labels-idx1-ubyte"),
                        as_text(idx_file({count}, labels)));
}

constexpr auto kModel = R"(name = "tiny"
input = [1, 12, 12]
layer = [
  {type = "conv", name = "first", out = 8, kernel = 3},
  {type = "norm", name = "first_norm"},
  {type = "relu"},
  {type = "max_pool", kernel = 2},
  {type = "dropout2d", probability = 0.05},
  {type = "conv", name = "second", out = 8, kernel = 3},
  {type = "norm", name = "second_norm"},
  {type = "relu"},
  {type = "global_average_pool"},
  {type = "linear", name = "head", out = 3, bias = true},
]
)";

constexpr auto kExperiment = R"(name = "tiny"
[data]
name = "data/"
[model]
file = "tiny.toml"
[train]
epochs = 3
batch_size = 16
[schedule]
learning_rate = 0.05
step = 2
[[run]]
name = "GN"
norm.kind = "group"
norm.groups = 4
[[run]]
name = "BN+L1"
norm.kind = "batch"
l1.lambda = 0.001
)";

}  // namespace

Workplace::Workplace(int train_images) {
  std::filesystem::create_directory(folder_ / "data");
  write_split(folder_ / "data", "train", train_images, 1);
  write_split(folder_ / "data", "t10k", 96, 2);
  write("tiny.toml", kModel);
  write("tiny-experiment.toml", kExperiment);
}

std::vector<std::string> Workplace::run_arguments(const std::string& out,
                                                  const std::vector<std::string>& more) const {
  std::vector<std::string> arguments = {"run", "tiny-experiment.toml", "--no-report", "--out", out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string Workplace::read(const std::string& name) const {
  return read_text_file(folder_ / name);
}

void Workplace::write(const std::string& name, const std::string& text) const {
  write_file_atomically(folder_ / name, text);
}

}  // namespace normlab
