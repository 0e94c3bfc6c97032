// A max or average pooling with all its inputs, run through the kernels tile by tile.
#pragma once

#include <string>
#include <vector>

#include "kernels/guarded.h"
#include "normlab/kernels/pool2d.h"
#include "reference/compare.h"
#include "reference/pool2d.h"

namespace normlab {

enum class Pooling { kMax, kAverage };

struct Pool2dProblem {
  Pooling pooling = Pooling::kMax;
  Pool2dShape shape;
  int samples = 1;
  std::vector<float> x;
  std::vector<float> dy;

  std::size_t x_size() const { return static_cast<std::size_t>(samples) * shape.input.size(); }
  std::size_t y_size() const { return static_cast<std::size_t>(samples) * shape.output().size(); }

  std::string text() const {
    return std::string(pooling == Pooling::kMax ? "max" : "average") +
           " pool: " + std::to_string(samples) + " x " + to_string(shape.input) + ", window " +
           std::to_string(shape.kernel_height) + "x" + std::to_string(shape.kernel_width) +
           ", stride " + std::to_string(shape.stride);
  }
};

struct Pool2dOutputs {
  std::vector<float> y;
  std::vector<float> dx;
};

inline Pool2dOutputs run_pool2d(const Pool2dProblem& problem) {
  GuardedTiles x(problem.shape.input, problem.samples, problem.x);
  GuardedTiles dy(problem.shape.output(), problem.samples, problem.dy);
  GuardedTiles y(problem.shape.output(), problem.samples);
  GuardedTiles dx(problem.shape.input, problem.samples);
  for (int i = 0; i < x.count(); ++i) {
    if (problem.pooling == Pooling::kMax) {
      max_pool2d_forward(y.tile(i), x.tile(i), problem.shape);
      max_pool2d_backward(dx.tile(i), dy.tile(i), x.tile(i), y.tile(i), problem.shape);
    } else {
      average_pool2d_forward(y.tile(i), x.tile(i), problem.shape);
      average_pool2d_backward(dx.tile(i), dy.tile(i), problem.shape);
    }
  }
  return {y.values("y"), dx.values("dx")};
}

template <class Number>
struct Pool2dReference {
  std::vector<Number> y;
  std::vector<Number> dx;
};

template <class Number>
Pool2dReference<Number> reference_pool2d(const Pool2dProblem& problem) {
  const Shape& in = problem.shape.input;
  const Shape out = problem.shape.output();
  const auto x = exactly<Number>(problem.x, problem.samples, in.channels, in.height, in.width);
  const auto dy = exactly<Number>(problem.dy, problem.samples, out.channels, out.height, out.width);
  const reference::Pool2d options{problem.shape.kernel_height, problem.shape.kernel_width,
                                  problem.shape.stride};
  if (problem.pooling == Pooling::kMax) {
    return {reference::max_pool2d(x, options).values,
            reference::max_pool2d_backward(dy, x, options).values};
  }
  return {reference::average_pool2d(x, options).values,
          reference::average_pool2d_backward(dy, x, options).values};
}

}  // namespace normlab
