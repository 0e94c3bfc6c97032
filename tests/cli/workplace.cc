#include "cli/workplace.h"

#include "cli/stripes.h"
#include "normlab/base/file.h"

namespace normlab {
namespace {

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
  write_stripes(folder_ / "data",
                {.side = 12, .classes = 3, .train_images = train_images, .test_images = 96});
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
