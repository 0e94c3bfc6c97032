#include "normlab/cli/predict.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/data/digit_image.h"
#include "normlab/formats/png.h"
#include "normlab/formats/shortest.h"
#include "normlab/train/evaluate.h"
#include "normlab/train/model_file.h"

namespace normlab {
namespace {

struct PredictOptions {
  std::string model;
  std::vector<std::string> images;
  std::string prepare = "auto";
  bool json = false;
};

// MNIST's own preparation suits networks that learned from it (and EMNIST's is the same).
bool learned_from_digits(const LoadedModel& model) {
  const std::string& dataset = model.info.dataset;
  return (dataset == "mnist" || dataset.starts_with("emnist")) &&
         model.network.input_shape() == Shape{1, kDigitSide, kDigitSide};
}

Dataset read_images(const PredictOptions& options, const LoadedModel& model) {
  const Shape shape = model.network.input_shape();
  const bool as_digits =
      options.prepare == "digit" || (options.prepare == "auto" && learned_from_digits(model));
  if (as_digits && shape != Shape{1, kDigitSide, kDigitSide}) {
    throw UsageError(
        fmt::format("--prepare digit: makes images of 1x{0}x{0}, the network reads {1}. Use "
                    "--prepare none",
                    kDigitSide, to_string(shape)));
  }
  Dataset data;
  data.name = "the given pictures";
  data.split = "test";
  data.shape = shape;
  data.classes = model.network.classes();
  data.class_names = model.info.class_names;
  for (const std::string& path : options.images) {
    const Image image = read_png(path);
    const auto pixels = as_digits ? prepare_digit(image, path) : fit_image(image, shape);
    data.images.insert(data.images.end(), pixels.begin(), pixels.end());
    data.labels.push_back(0);  // not known, and not asked for
  }
  return data;
}

// Classes, the most probable first.
std::vector<std::size_t> ranked(std::span<const float> probabilities) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return probabilities[a] > probabilities[b];
  });
  return order;
}

// "three.png: 3 (98.21 %), then 8 (1.20 %), 5 (0.41 %)".
void print_line(const std::string& path, std::span<const float> probabilities,
                const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 3;
  const auto order = ranked(probabilities);
  std::string line = path + ":";
  for (std::size_t i = 0; i < std::min(kShown, order.size()); ++i) {
    line += fmt::format("{} {} ({:.2f} %)",
                        i == 0   ? ""
                        : i == 1 ? ", then"
                                 : ",",
                        names[order[i]], 100 * probabilities[order[i]]);
  }
  fmt::print("{}\n", line);
}

nlohmann::ordered_json to_json(const std::string& path, std::span<const float> probabilities,
                               const std::vector<std::string>& names) {
  const std::size_t best = ranked(probabilities).front();
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < names.size(); ++i) all[names[i]] = shortest(probabilities[i]);
  return {{"file", path},
          {"class", names[best]},
          {"probability", shortest(probabilities[best])},
          {"probabilities", std::move(all)}};
}

void predict(const PredictOptions& options) {
  const LoadedModel model = load_model_file(options.model);
  for (const std::string& remark : model.remarks) fmt::print(stderr, "{}\n", remark);
  const Dataset data = read_images(options, model);
  Workers workers(1);  // a few small images: more threads would cost more than they give
  const std::vector<float> probabilities =
      predict_probabilities(model.network, data, model.info.scale, workers);
  if (!std::all_of(probabilities.begin(), probabilities.end(), [](float p) { return p >= 0; })) {
    throw Error(
        fmt::format("{}: the network's answer is no number. Is the file of a run that "
                    "diverged, or was it changed?",
                    options.model));
  }
  const auto classes = static_cast<std::size_t>(data.classes);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < options.images.size(); ++i) {
    const auto row = std::span(probabilities).subspan(i * classes, classes);
    if (options.json) {
      list.push_back(to_json(options.images[i], row, data.class_names));
    } else {
      print_line(options.images[i], row, data.class_names);
    }
  }
  if (options.json) {
    fmt::print("{}\n", list.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
}

}  // namespace

void add_predict_command(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("predict", "Say what a trained network sees in pictures");
  const auto options = std::make_shared<PredictOptions>();
  command->add_option("--model", options->model, "A model.safetensors that normlab trained")
      ->required()
      ->type_name("FILE");
  command->add_option("images", options->images, "Pictures in PNG format, of any size")
      ->required()
      ->type_name("IMAGE");
  command
      ->add_option(
          "--prepare", options->prepare,
          "digit: find the ink, dark on light or light on dark, and scale and centre it as "
          "MNIST's digits were; none: only resize; auto: digit for networks that learned "
          "from MNIST or EMNIST")
      ->check(CLI::IsMember({"auto", "digit", "none"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print all probabilities as JSON");
  command->footer(
      "Example:\n  normlab predict --model runs/latest/GN/model.safetensors three.png four.png");
  command->callback([options] { predict(*options); });
}

}  // namespace normlab
