// A convolution with all its inputs, run through the kernels tile by tile.
#pragma once

#include <string>
#include <vector>

#include "kernels/guarded.h"
#include "normlab/kernels/conv2d.h"
#include "normlab/kernels/sgd.h"
#include "reference/compare.h"
#include "reference/conv2d.h"
#include "reference/random.h"

namespace normlab {

struct Conv2dProblem {
  Conv2dShape shape;
  int samples = 1;
  std::vector<float> x;
  std::vector<float> w;
  std::vector<float> bias;  // may be empty
  std::vector<float> dy;

  std::size_t x_size() const { return static_cast<std::size_t>(samples) * shape.input.size(); }
  std::size_t y_size() const { return static_cast<std::size_t>(samples) * shape.output().size(); }
  std::size_t bias_size() const { return static_cast<std::size_t>(shape.out_channels); }

  std::string text() const {
    return "conv2d: " + std::to_string(samples) + " x " + to_string(shape.input) + " to " +
           to_string(shape.output()) + ", kernel " + std::to_string(shape.kernel_height) + "x" +
           std::to_string(shape.kernel_width) + ", stride " + std::to_string(shape.stride) +
           ", padding " + std::to_string(shape.padding) + (bias.empty() ? "" : ", bias");
  }
};

inline Conv2dProblem random_conv2d(reference::Random& random, const Conv2dShape& shape, int samples,
                                   bool bias) {
  Conv2dProblem problem{shape, samples, {}, {}, {}, {}};
  problem.x = random.normals(problem.x_size(), 0.3f, 1.0f);
  problem.w = random.normals(shape.weights(), 0.1f, 0.5f);
  if (bias) problem.bias = random.normals(problem.bias_size(), 0.0f, 1.0f);
  problem.dy = random.normals(problem.y_size(), 0.2f, 1.0f);
  return problem;
}

// Of small whole numbers, which neither float nor bf16 rounds, nor any sum of them in float.
inline Conv2dProblem whole_conv2d(reference::Random& random, const Conv2dShape& shape, int samples,
                                  bool bias) {
  Conv2dProblem problem{shape, samples, {}, {}, {}, {}};
  problem.x = random.integers(problem.x_size(), -3, 3);
  problem.w = random.integers(shape.weights(), -3, 3);
  if (bias) problem.bias = random.integers(problem.bias_size(), -50, 50);
  problem.dy = random.integers(problem.y_size(), -3, 3);
  return problem;
}

struct Conv2dOutputs {
  std::vector<float> y;
  std::vector<float> dx;
  std::vector<float> dw;
  std::vector<float> dbias;
};

// What the functions of a convolution read and write, each within guards, with the weights packed
// into `packed` floats.
struct GuardedConv2d {
  using Pack = decltype(&conv2d_pack_forward);

  GuardedConv2d(const Conv2dProblem& problem, std::size_t packed, Pack pack_forward,
                Pack pack_backward_input)
      : forward_weights(packed),
        backward_weights(packed),
        x(problem.shape.input, problem.samples, problem.x),
        dy(problem.shape.output(), problem.samples, problem.dy),
        y(problem.shape.output(), problem.samples),
        dx(problem.shape.input, problem.samples) {
    pack_forward(forward_weights.data(), problem.w.data(), problem.shape);
    pack_backward_input(backward_weights.data(), problem.w.data(), problem.shape);
    forward_weights.expect_intact("packed for forward");
    backward_weights.expect_intact("packed for backward");
  }

  GuardedFloats forward_weights;
  GuardedFloats backward_weights;
  GuardedTiles x;
  GuardedTiles dy;
  GuardedTiles y;
  GuardedTiles dx;
};

inline Conv2dOutputs run_conv2d(const Conv2dProblem& problem) {
  const Conv2dShape& shape = problem.shape;
  const std::size_t outputs = problem.bias_size();
  GuardedConv2d conv(problem, shape.weights(), conv2d_pack_forward, conv2d_pack_backward_input);
  std::vector<float> dw_parts;
  std::vector<float> dbias_parts;
  for (int tile = 0; tile < conv.x.count(); ++tile) {
    const Conv2dOptions options{.lanes = conv.x.lanes(tile)};
    conv2d_forward(conv.y.tile(tile), conv.x.tile(tile), conv.forward_weights.data(),
                   problem.bias.empty() ? nullptr : problem.bias.data(), shape, options);
    conv2d_backward_input(conv.dx.tile(tile), conv.dy.tile(tile), conv.backward_weights.data(),
                          shape, options);
    GuardedFloats dw(shape.weights());
    GuardedFloats dbias(outputs);
    conv2d_backward_weight(dw.data(), conv.dy.tile(tile), conv.x.tile(tile), conv.x.lanes(tile),
                           shape);
    conv2d_backward_bias(dbias.data(), conv.dy.tile(tile), conv.x.lanes(tile), shape);
    dw.expect_intact("dw");
    dbias.expect_intact("dbias");
    dw_parts.insert(dw_parts.end(), dw.data(), dw.data() + dw.size());
    dbias_parts.insert(dbias_parts.end(), dbias.data(), dbias.data() + dbias.size());
  }
  GuardedFloats dw(shape.weights());
  GuardedFloats dbias(outputs);
  sum_over_tiles(dw.data(), dw_parts.data(), conv.x.count(), shape.weights());
  sum_over_tiles(dbias.data(), dbias_parts.data(), conv.x.count(), outputs);
  return {conv.y.values("y"), conv.dx.values("dx"), dw.values(), dbias.values()};
}

template <class Number>
struct Conv2dReference {
  std::vector<Number> y;
  reference::Conv2dGradients<Number> gradients;
};

template <class Number>
Conv2dReference<Number> reference_conv2d(const Conv2dProblem& problem) {
  const Conv2dShape& shape = problem.shape;
  const Shape out = shape.output();
  const auto x = exactly<Number>(problem.x, problem.samples, shape.input.channels,
                                 shape.input.height, shape.input.width);
  const auto w = exactly<Number>(problem.w, shape.out_channels, shape.input.channels,
                                 shape.kernel_height, shape.kernel_width);
  const auto dy = exactly<Number>(problem.dy, problem.samples, out.channels, out.height, out.width);
  const reference::Conv2d options{shape.stride, shape.padding};
  return {reference::conv2d(x, w, exactly<Number>(problem.bias), options).values,
          reference::conv2d_backward(dy, x, w, options)};
}

}  // namespace normlab
