// normlab's side of `make parity`: trains from given weights on given batches and writes down where
// every step led. tests/parity/parity.py runs it and describes the exchange.
//
//   in   images [M][C][H][W] F32, labels [M] U8, order [runs][steps][N] I64, weights.NAME F32,
//        evaluation [N][C][H][W] F32
//   out  losses [runs][steps] and objectives, before each step; trajectory [runs][steps][P], the
//        parameters after each step, in the order of velocity.NAME; and of the last run, after
//        its last step: velocity.NAME, running.NAME, log_probabilities [N][classes] of `evaluation`
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "normlab/base/error.h"
#include "normlab/formats/safetensors.h"
#include "normlab/kernels/sgd.h"
#include "normlab/nn/network.h"
#include "normlab/nn/step.h"
#include "parity/exchange.h"

namespace normlab {
namespace {

struct Options {
  std::string model;
  std::string norm = "batch";
  std::string convolution;
  int threads = 1;
  SgdStep step;
  std::string job;
  std::string result;
};

// Row by row out of a tensor [M][...].
template <class T>
std::vector<T> gather(const std::vector<T>& rows, std::span<const std::int64_t> which,
                      std::size_t row_size) {
  std::vector<T> picked;
  picked.reserve(which.size() * row_size);
  for (const std::int64_t row : which) {
    const auto from =
        rows.begin() + static_cast<std::ptrdiff_t>(row) * static_cast<std::ptrdiff_t>(row_size);
    picked.insert(picked.end(), from, from + static_cast<std::ptrdiff_t>(row_size));
  }
  return picked;
}

std::vector<std::int64_t> shape_of(std::initializer_list<std::size_t> sizes) {
  return {sizes.begin(), sizes.end()};
}

ConvolutionAlgorithm algorithm_of(const std::string& name) {
  if (const auto algorithm = parse_convolution_algorithm(name)) return *algorithm;
  throw Error(fmt::format("--convolution is direct or winograd, not \"{}\"", name));
}

class Driver {
 public:
  explicit Driver(const Options& options)
      : options_(options),
        job_(read_safetensors(options.job)),
        workers_(options.threads),
        network_(load_model(options.model), {.norm = norm_of_parity(options.norm),
                                             .dropout = 0.0f,
                                             .convolution = algorithm_of(options.convolution)}) {}

  void run() {
    const Tensor& order = job_.at("order", options_.job);
    const auto runs = static_cast<std::size_t>(order.shape.at(0));
    steps_ = static_cast<std::size_t>(order.shape.at(1));
    samples_ = static_cast<std::size_t>(order.shape.at(2));
    for (std::size_t run = 0; run < runs; ++run) train(run);

    const auto count = network_.parameter_values().size();
    add("losses", shape_of({runs, steps_}), losses_);
    add("objectives", shape_of({runs, steps_}), objectives_);
    add("trajectory", shape_of({runs, steps_, count}), trajectory_);
    add_parts("velocity.", network_.parameters(), velocity_);
    add_parts("running.", network_.buffers(), network_.buffer_values());
    evaluate();
    write_safetensors(options_.result, result_);
  }

 private:
  void start() {
    network_.initialise(1);
    load_weights(network_, job_, options_.job);
    velocity_.assign(network_.parameter_values().size(), 0.0f);
  }

  void train(std::size_t run) {
    const auto& images = job_.at("images", options_.job).floats();
    const auto& labels = std::get<std::vector<std::uint8_t>>(job_.at("labels", options_.job).data);
    const auto& order = std::get<std::vector<std::int64_t>>(job_.at("order", options_.job).data);
    const auto weights = network_.parameter_values();

    start();
    TrainingStep step(network_, workers_);
    for (std::size_t s = 0; s < steps_; ++s) {
      const auto which = std::span(order).subspan((run * steps_ + s) * samples_, samples_);
      const PlainBatch batch(network_.input_shape(),
                             gather(images, which, network_.input_shape().size()),
                             gather(labels, which, 1));
      const Score score = step.run(batch.batch());
      const double loss = score.loss / static_cast<double>(samples_);
      losses_.push_back(loss);
      objectives_.push_back(loss + static_cast<double>(options_.step.l1) *
                                       absolute_sum(weights.data(), weights.size()));
      sgd_step(weights.data(), velocity_.data(), step.gradient().data(), weights.size(),
               options_.step);
      trajectory_.insert(trajectory_.end(), weights.begin(), weights.end());
    }
  }

  void evaluate() {
    const auto& images = job_.at("evaluation", options_.job).floats();
    const std::size_t count = images.size() / network_.input_shape().size();
    const auto classes = static_cast<std::size_t>(network_.classes());
    const PlainBatch batch(network_.input_shape(), images, std::vector<std::uint8_t>(count));
    add("log_probabilities", shape_of({count, classes}),
        log_probabilities(network_, batch.batch(), workers_));
  }

  void add(std::string name, std::vector<std::int64_t> shape, Tensor::Data data) {
    result_.tensors.push_back({std::move(name), std::move(shape), std::move(data)});
  }

  void add_parts(const std::string& prefix, std::span<const ParameterView> views,
                 std::span<const float> values) {
    for (const auto& view : views) {
      const auto part = values.subspan(view.offset, view.count);
      add(prefix + view.name, {view.shape.begin(), view.shape.end()},
          std::vector<float>(part.begin(), part.end()));
    }
  }

  Options options_;
  SafetensorsFile job_;
  Workers workers_;
  Network network_;
  std::size_t steps_ = 0;
  std::size_t samples_ = 0;
  FloatBuffer velocity_;
  std::vector<double> losses_;
  std::vector<double> objectives_;
  std::vector<float> trajectory_;
  SafetensorsFile result_;
};

}  // namespace
}  // namespace normlab

int main(int argc, char** argv) {
  normlab::Options options;
  CLI::App app("normlab's side of the parity check with PyTorch");
  app.add_option("--model", options.model)->required();
  app.add_option("--norm", options.norm)->required();
  app.add_option("--convolution", options.convolution, "direct or winograd")->required();
  app.add_option("--l1", options.step.l1)->required();
  app.add_option("--learning-rate", options.step.learning_rate)->required();
  app.add_option("--momentum", options.step.momentum)->required();
  app.add_option("--threads", options.threads)->required();
  app.add_option("job", options.job)->required();
  app.add_option("result", options.result)->required();
  CLI11_PARSE(app, argc, argv);
  try {
    normlab::Driver(options).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "normlab_parity: {}\n", error.what());
    return 1;
  }
  return 0;
}
