#include "kernels.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "normlab/base/buffer.h"
#include "normlab/base/error.h"
#include "normlab/kernels/batch_norm.h"
#include "normlab/kernels/conv2d.h"
#include "normlab/kernels/conv2d_bf16.h"
#include "normlab/kernels/conv2d_winograd.h"
#include "normlab/kernels/group_norm.h"
#include "normlab/kernels/pool2d.h"
#include "normlab/kernels/relu.h"
#include "normlab/nn/layer.h"
#include "normlab/nn/layers/conv2d_algorithm.h"
#include "normlab/tensor/tiles.h"
#include "reference/batch_norm.h"
#include "reference/conv2d.h"
#include "reference/group_norm.h"
#include "reference/pool2d.h"
#include "reference/relu.h"
#include "timing.h"

namespace normlab::bench {
namespace {

using Images = reference::Array4<double>;
using Values = std::vector<double>;

constexpr float kEps = 1e-5f;

// Random numbers as the kernels and as the references take them.
class Source {
 public:
  FloatBuffer floats(std::size_t count) {
    FloatBuffer values(count);
    for (float& value : values) value = normal_(engine_);
    return values;
  }

 private:
  std::mt19937 engine_{20};
  std::normal_distribution<float> normal_;
};

Images images_of(const FloatBuffer& tile, const Shape& shape) {
  Images images(kLanes, shape.channels, shape.height, shape.width);
  const std::size_t size = shape.size();
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < size; ++i) {
      images.values[lane * size + i] = static_cast<double>(tile[i * kLanes + lane]);
    }
  }
  return images;
}

Values doubles(const FloatBuffer& values) { return {values.begin(), values.end()}; }

// With eight bits of mantissa each, so that bf16 rounds none of them.
FloatBuffer short_numbers(FloatBuffer numbers) {
  for (float& number : numbers) {
    number = std::bit_cast<float>(std::bit_cast<std::uint32_t>(number) & 0xFFFF0000u);
  }
  return numbers;
}

double relative_l2(const Values& ours, const Values& reference) {
  if (ours.size() != reference.size()) return std::nan("");
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    difference += (ours[i] - reference[i]) * (ours[i] - reference[i]);
    norm += reference[i] * reference[i];
  }
  return std::sqrt(difference / norm);
}

class Bench {
 public:
  void conv2d(const Conv2dShape& shape, bool wants_dx) {
    const std::string text = fmt::format(
        "{} -> {}, {}x{}{}{}", to_string(shape.input), shape.out_channels, shape.kernel_height,
        shape.kernel_width, shape.stride > 1 ? fmt::format(" / {}", shape.stride) : "",
        shape.padding > 0 ? ", padded" : "");
    if (!is_new("conv2d " + text)) return;
    const FloatBuffer x = short_numbers(source_.floats(tile_size(shape.input)));
    const FloatBuffer w = short_numbers(source_.floats(shape.weights()));
    const FloatBuffer dy = short_numbers(source_.floats(tile_size(shape.output())));

    Images weights(shape.out_channels, shape.input.channels, shape.kernel_height,
                   shape.kernel_width);
    weights.values = doubles(w);
    const reference::Conv2d options{shape.stride, shape.padding};
    const Images expected_y =
        reference::conv2d(images_of(x, shape.input), weights, Values{}, options);
    const auto expected = reference::conv2d_backward(images_of(dy, shape.output()),
                                                     images_of(x, shape.input), weights, options);

    KernelTiming timing;
    timing.shape = text;
    timing.operations = 2.0 * kLanes * static_cast<double>(shape.weights()) *
                        static_cast<double>(shape.output().pixels());
    timing.numbers = static_cast<double>(tile_size(shape.input));
    timing.kernel = fmt::format("{}x{}", shape.kernel_height, shape.kernel_width);

    const auto time_by = [&](const std::string& name, ConvolutionAlgorithm wanted) {
      const auto algorithm = make_conv2d_algorithm(shape, wanted);
      FloatBuffer scratch(algorithm->scratch());
      FloatBuffer packed(algorithm->packed());
      FloatBuffer y(dy.size()), dx(x.size()), dw(w.size());
      algorithm->pack_forward(packed.data(), w.data());
      timing.operation = name + "_forward";
      time(
          timing,
          [&] {
            algorithm->forward(y.data(), scratch.data(), {x.data(), nullptr}, packed.data(),
                               nullptr, {});
          },
          [&] { return relative_l2(images_of(y, shape.output()).values, expected_y.values); });
      if (wants_dx) {
        algorithm->pack_backward_input(packed.data(), w.data());
        timing.operation = name + "_backward_input";
        time(
            timing,
            [&] {
              algorithm->backward_input(dx.data(), scratch.data(), dy.data(), packed.data(), {});
            },
            [&] { return relative_l2(images_of(dx, shape.input).values, expected.dx.values); });
      }
      timing.operation = name + "_backward_weight";
      time(
          timing,
          [&] {
            algorithm->backward_weight(dw.data(), scratch.data(), dy.data(), {x.data(), nullptr},
                                       kLanes);
          },
          [&] { return relative_l2(doubles(dw), expected.dw.values); });
    };
    time_by("conv2d", ConvolutionAlgorithm::kDirect);
    if (conv2d_winograd_fits(shape)) time_by("conv2d_winograd", ConvolutionAlgorithm::kWinograd);
    if (conv2d_bf16_fits(shape)) time_by("conv2d_bf16", ConvolutionAlgorithm::kBf16);
  }

  void group_norm(const GroupNormShape& shape) {
    if (!is_new(fmt::format("group_norm {} {}", to_string(shape.shape), shape.groups))) return;
    const auto channels = static_cast<std::size_t>(shape.shape.channels);
    const auto groups = static_cast<std::size_t>(shape.groups);
    const std::size_t size = tile_size(shape.shape);
    const FloatBuffer x = source_.floats(size);
    const FloatBuffer dy = source_.floats(size);
    const FloatBuffer gamma = source_.floats(channels);
    const FloatBuffer beta = source_.floats(channels);
    const reference::Affine<double> affine{doubles(gamma), doubles(beta)};
    const auto expected_y = reference::group_norm(images_of(x, shape.shape), affine, shape.groups,
                                                  static_cast<double>(shape.eps));
    const auto expected =
        reference::group_norm_backward(images_of(dy, shape.shape), images_of(x, shape.shape),
                                       affine, shape.groups, static_cast<double>(shape.eps));

    FloatBuffer y(size);
    FloatBuffer mean(groups * kLanes);
    FloatBuffer rstd(groups * kLanes);
    KernelTiming timing = memory_bound(shape.shape, 2);
    timing.shape += fmt::format(", {} {}", shape.groups, shape.groups == 1 ? "group" : "groups");
    timing.operation = "group_norm_forward";
    time(
        timing,
        [&] {
          group_norm_forward(y.data(), mean.data(), rstd.data(), x.data(),
                             {gamma.data(), beta.data()}, shape);
        },
        [&] { return relative_l2(images_of(y, shape.shape).values, expected_y.y.values); });

    FloatBuffer dx(size);
    FloatBuffer dgamma(channels);
    FloatBuffer dbeta(channels);
    const GroupNormInputs inputs{dy.data(), x.data(), gamma.data(), mean.data(), rstd.data()};
    timing.bytes = 3 * 4.0 * static_cast<double>(size);
    timing.operation = "group_norm_backward";
    time(
        timing,
        [&] { group_norm_backward(dx.data(), dgamma.data(), dbeta.data(), inputs, kLanes, shape); },
        [&] {
          return std::max({relative_l2(images_of(dx, shape.shape).values, expected.dx.values),
                           relative_l2(doubles(dgamma), expected.dgamma),
                           relative_l2(doubles(dbeta), expected.dbeta)},
                          nan_is_largest);
        });
  }

  // The batch is one tile here, so a tile's sums are the batch's.
  void batch_norm(const Shape& shape) {
    if (!is_new("batch_norm " + to_string(shape))) return;
    const auto channels = static_cast<std::size_t>(shape.channels);
    const std::size_t size = tile_size(shape);
    const FloatBuffer x = source_.floats(size);
    const FloatBuffer dy = source_.floats(size);
    const FloatBuffer gamma = source_.floats(channels);
    const FloatBuffer beta = source_.floats(channels);
    const reference::Affine<double> affine{doubles(gamma), doubles(beta)};
    const auto expected_y =
        reference::batch_norm(images_of(x, shape), affine, static_cast<double>(kEps));
    const auto expected = reference::batch_norm_backward(images_of(dy, shape), images_of(x, shape),
                                                         affine, static_cast<double>(kEps));

    std::vector<Moments> moments(channels);
    FloatBuffer mean(channels);
    FloatBuffer rstd(channels);
    KernelTiming timing = memory_bound(shape, 1);
    timing.operation = "batch_norm_moments";
    time(
        timing, [&] { batch_norm_moments(moments, x.data(), kLanes, shape); },
        [&] {
          Values ours;
          for (const Moments& m : moments) ours.push_back(m.squares / m.count);
          return relative_l2(ours, expected_y.var);
        });
    for (std::size_t c = 0; c < channels; ++c) {
      mean[c] = static_cast<float>(expected_y.mean[c]);
      rstd[c] = static_cast<float>(expected_y.rstd[c]);
    }

    FloatBuffer y(size);
    timing.bytes = 2 * 4.0 * static_cast<double>(size);
    timing.operation = "batch_norm_forward";
    time(
        timing,
        [&] {
          batch_norm_forward(y.data(), x.data(),
                             {gamma.data(), beta.data(), mean.data(), rstd.data()}, shape);
        },
        [&] { return relative_l2(images_of(y, shape).values, expected_y.y.values); });

    const BatchNormInputs inputs{dy.data(), x.data(), gamma.data(), mean.data(), rstd.data()};
    FloatBuffer dgamma(channels);
    FloatBuffer dbeta(channels);
    timing.operation = "batch_norm_backward_parameters";
    time(
        timing,
        [&] { batch_norm_backward_parameters(dgamma.data(), dbeta.data(), inputs, kLanes, shape); },
        [&] {
          return std::max(relative_l2(doubles(dgamma), expected.dgamma),
                          relative_l2(doubles(dbeta), expected.dbeta), nan_is_largest);
        });

    FloatBuffer dx(size);
    const double count = static_cast<double>(kLanes) * shape.pixels();
    timing.bytes = 3 * 4.0 * static_cast<double>(size);
    timing.operation = "batch_norm_backward_input";
    time(
        timing,
        [&] {
          batch_norm_backward_input(dx.data(), inputs, dgamma.data(), dbeta.data(), count, shape);
        },
        [&] { return relative_l2(images_of(dx, shape).values, expected.dx.values); });
  }

  void pool2d(const Pool2dShape& shape, bool largest) {
    if (!is_new(fmt::format("pool2d {} {} {} {} {}", to_string(shape.input), shape.kernel_height,
                            shape.kernel_width, shape.stride, largest))) {
      return;
    }
    const FloatBuffer x = source_.floats(tile_size(shape.input));
    const FloatBuffer dy = source_.floats(tile_size(shape.output()));
    const reference::Pool2d options{shape.kernel_height, shape.kernel_width, shape.stride};
    const auto reference_forward =
        largest ? reference::max_pool2d<double> : reference::average_pool2d<double>;
    const auto expected_y = reference_forward(images_of(x, shape.input), options);
    const auto expected_dx =
        largest ? reference::max_pool2d_backward(images_of(dy, shape.output()),
                                                 images_of(x, shape.input), options)
                : reference::average_pool2d_backward(images_of(dy, shape.output()),
                                                     images_of(x, shape.input), options);

    const std::string name = largest ? "max_pool2d" : "average_pool2d";
    FloatBuffer y(dy.size());
    FloatBuffer dx(x.size());
    KernelTiming timing = memory_bound(shape.input, 1);
    timing.shape += fmt::format(", {}x{}", shape.kernel_height, shape.kernel_width);
    timing.bytes += 4.0 * static_cast<double>(y.size());
    timing.operation = name + "_forward";
    time(
        timing,
        [&] {
          largest ? max_pool2d_forward(y.data(), x.data(), shape)
                  : average_pool2d_forward(y.data(), x.data(), shape);
        },
        [&] { return relative_l2(images_of(y, shape.output()).values, expected_y.values); });
    timing.operation = name + "_backward";
    if (largest) timing.bytes += 4.0 * static_cast<double>(x.size() + y.size());
    time(
        timing,
        [&] {
          largest ? max_pool2d_backward(dx.data(), dy.data(), x.data(), y.data(), shape)
                  : average_pool2d_backward(dx.data(), dy.data(), shape);
        },
        [&] { return relative_l2(images_of(dx, shape.input).values, expected_dx.values); });
  }

  void relu(const Shape& shape) {
    if (!is_new("relu " + to_string(shape))) return;
    const FloatBuffer x = source_.floats(tile_size(shape));
    const FloatBuffer dy = source_.floats(tile_size(shape));
    FloatBuffer y(x.size());
    FloatBuffer dx(x.size());
    KernelTiming timing = memory_bound(shape, 2);
    timing.operation = "relu_forward";
    time(
        timing, [&] { relu_forward(y.data(), x.data(), x.size()); },
        [&] {
          return relative_l2(images_of(y, shape).values,
                             reference::relu(images_of(x, shape)).values);
        });
    timing.bytes = 3 * 4.0 * static_cast<double>(x.size());
    timing.operation = "relu_backward";
    time(
        timing, [&] { relu_backward(dx.data(), dy.data(), y.data(), x.size()); },
        [&] {
          return relative_l2(
              images_of(dx, shape).values,
              reference::relu_backward(images_of(dy, shape), images_of(x, shape)).values);
        });
  }

  std::vector<KernelTiming> timings() && { return std::move(timings_); }

 private:
  static bool nan_is_largest(double a, double b) {
    return (std::isnan(b) && !std::isnan(a)) || a < b;
  }

  static KernelTiming memory_bound(const Shape& shape, int arrays) {
    KernelTiming timing;
    timing.shape = to_string(shape);
    timing.numbers = static_cast<double>(tile_size(shape));
    timing.bytes = 4.0 * arrays * timing.numbers;
    return timing;
  }

  void time(KernelTiming timing, const std::function<void()>& call,
            const std::function<double()>& error) {
    call();
    timing.error = error();
    if (!(timing.error <= 1e-5)) {
      throw Error(fmt::format("{} of {}: {} away from plain loops in double; not timed",
                              timing.operation, timing.shape, timing.error));
    }
    if (timing.operations > 0) {
      Share share = share_of_peak(call, timing.operations, one_);
      timing.seconds = share.seconds;
      timing.peak = share.peak;
      timing.shares = std::move(share.shares);
    } else {
      timing.seconds = best_seconds(call);
    }
    timings_.push_back(std::move(timing));
  }

  // What a network has twice is timed once.
  bool is_new(const std::string& what) { return seen_.insert(what).second; }

  Workers one_{1};
  Source source_;
  std::set<std::string> seen_;
  std::vector<KernelTiming> timings_;
};

// The network's layers as the model's text has them, which says what a layer's shapes leave open.
std::map<std::string, LayerSpec> specs_by_name(const Network& network) {
  std::map<std::string, LayerSpec> specs;
  for (const LayerSpec& spec : network.model().layers) specs.emplace(spec.name, spec);
  return specs;
}

}  // namespace

std::vector<KernelTiming> time_kernels(const Network& network) {
  Bench bench;
  const auto specs = specs_by_name(network);
  bool wants_dx = false;  // true once a layer before has parameters
  for (const auto& layer : network.layers()) {
    const LayerSpec& spec = specs.at(layer->name());
    const Shape& input = layer->input_shape();
    switch (spec.type) {
      case LayerType::kConv:
        bench.conv2d(
            {input, spec.out, spec.kernel_height, spec.kernel_width, spec.stride, spec.padding},
            wants_dx);
        break;
      case LayerType::kLinear:
        bench.conv2d({.input = {static_cast<int>(input.size()), 1, 1}, .out_channels = spec.out},
                     wants_dx);
        break;
      case LayerType::kRelu:
        bench.relu(input);
        break;
      case LayerType::kNorm:
      case LayerType::kBatchNorm:
      case LayerType::kLayerNorm:
      case LayerType::kGroupNorm:
      case LayerType::kInstanceNorm:
        bench.batch_norm(input);
        bench.group_norm({input, 1, kEps});
        if (input.channels % 4 == 0) bench.group_norm({input, 4, kEps});
        break;
      case LayerType::kMaxPool:
      case LayerType::kAveragePool:
        bench.pool2d({input, spec.kernel_height, spec.kernel_width, spec.stride},
                     spec.type == LayerType::kMaxPool);
        break;
      case LayerType::kGlobalAveragePool:
        bench.pool2d({input, input.height, input.width, 1}, false);
        break;
      case LayerType::kDropout:
      case LayerType::kDropout2d:
      case LayerType::kFlatten:
        break;
    }
    wants_dx |= !layer->parameters().empty();
  }
  return std::move(bench).timings();
}

}  // namespace normlab::bench
