// Group and batch norms with the max pool after them, run through the kernels tile by tile. The
// norm's `dy` has the shape of the pool's output.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "kernels/batch_norm_problem.h"
#include "kernels/group_norm_problem.h"
#include "kernels/guarded.h"
#include "normlab/kernels/sgd.h"
#include "reference/pool2d.h"

namespace normlab {

inline Shape pooled(const Shape& shape, int side) {
  return {shape.channels, shape.height / side, shape.width / side};
}

// Scale and shift with gamma of both signs and, of several, one that is 0.
inline void draw_affine(reference::Random& random, std::vector<float>& gamma,
                        std::vector<float>& beta, std::size_t channels) {
  gamma = random.normals(channels, 0.0f, 1.0f);
  beta = random.normals(channels, 0.0f, 1.0f);
  if (channels > 2) gamma[1] = 0;
}

// All above 0: against a sum that nearly cancels any limit is loose.
inline std::vector<float> draw_upstream(reference::Random& random, const Shape& shape,
                                        int samples) {
  std::vector<float> dy =
      random.normals(static_cast<std::size_t>(samples) * shape.size(), 0.0f, 1.0f);
  for (float& value : dy) value = 0.1f + std::abs(value);
  return dy;
}

struct GroupNormMaxPoolProblem {
  GroupNormProblem norm;
  int side = 2;

  std::string text() const { return norm.text() + ", max pool of " + std::to_string(side); }
};

inline GroupNormMaxPoolProblem random_group_norm_max_pool(reference::Random& random,
                                                          const GroupNormShape& shape, int samples,
                                                          bool affine, int side) {
  GroupNormMaxPoolProblem problem{random_group_norm(random, shape, samples, false), side};
  if (affine) {
    draw_affine(random, problem.norm.gamma, problem.norm.beta, problem.norm.channels());
  }
  problem.norm.dy = draw_upstream(random, pooled(shape.shape, side), samples);
  return problem;
}

inline GroupNormOutputs run_group_norm_max_pool(const GroupNormMaxPoolProblem& problem,
                                                bool after_relu = false) {
  const GroupNormProblem& norm = problem.norm;
  const Shape& image = norm.shape.shape;
  const Shape small = pooled(image, problem.side);
  const Shape statistic{norm.shape.groups, 1, 1};
  const bool affine = !norm.gamma.empty();
  const float* const gamma = affine ? norm.gamma.data() : nullptr;
  const float* const beta = affine ? norm.beta.data() : nullptr;
  GuardedTiles x(image, norm.samples, norm.x), dx(image, norm.samples);
  GuardedTiles dy(small, norm.samples, norm.dy);
  GuardedTiles y(small, norm.samples), extremes(small, norm.samples);
  GuardedTiles mean(statistic, norm.samples), rstd(statistic, norm.samples);
  std::vector<float> dgamma_parts, dbeta_parts;
  for (int i = 0; i < x.count(); ++i) {
    group_norm_max_pool_forward({y.tile(i), mean.tile(i), rstd.tile(i), extremes.tile(i)},
                                x.tile(i), {gamma, beta}, norm.shape, problem.side);
    const GroupNormInputs inputs{dy.tile(i),   x.tile(i),    gamma,
                                 mean.tile(i), rstd.tile(i), after_relu};
    GuardedFloats dgamma(norm.channels()), dbeta(norm.channels());
    for (float* const to : {dx.tile(i), x.tile(i)}) {  // apart, and over x
      group_norm_max_pool_backward(
          to, affine ? dgamma.data() : nullptr, affine ? dbeta.data() : nullptr,
          {inputs, extremes.tile(i), problem.side}, x.lanes(i), norm.shape);
    }
    dgamma.expect_intact("dgamma");
    dbeta.expect_intact("dbeta");
    dgamma_parts.insert(dgamma_parts.end(), dgamma.data(), dgamma.data() + dgamma.size());
    dbeta_parts.insert(dbeta_parts.end(), dbeta.data(), dbeta.data() + dbeta.size());
  }
  extremes.values("extremes");
  GroupNormOutputs outputs{
      y.values("y"), mean.values("mean"), rstd.values("rstd"), dx.values("dx"), {}, {}};
  expect_same_bits("dx over x", outputs.dx, x.values("dx over x"));
  if (affine) {
    outputs.dgamma.resize(norm.channels());
    outputs.dbeta.resize(norm.channels());
    sum_over_tiles(outputs.dgamma.data(), dgamma_parts.data(), x.count(), norm.channels());
    sum_over_tiles(outputs.dbeta.data(), dbeta_parts.data(), x.count(), norm.channels());
  }
  return outputs;
}

struct BatchNormMaxPoolProblem {
  BatchNormProblem norm;
  int side = 2;

  std::string text() const { return norm.text() + ", max pool of " + std::to_string(side); }
};

inline BatchNormMaxPoolProblem random_batch_norm_max_pool(reference::Random& random,
                                                          const Shape& shape, float eps,
                                                          int samples, bool affine, int side) {
  BatchNormMaxPoolProblem problem{random_batch_norm(random, shape, eps, samples, false), side};
  if (affine) {
    draw_affine(random, problem.norm.gamma, problem.norm.beta, problem.norm.channels());
  }
  problem.norm.dy = draw_upstream(random, pooled(shape, side), samples);
  return problem;
}

inline BatchNormOutputs run_batch_norm_max_pool(const BatchNormMaxPoolProblem& problem,
                                                bool after_relu = false) {
  const BatchNormProblem& norm = problem.norm;
  const Shape& shape = norm.shape;
  const Shape small = pooled(shape, problem.side);
  const std::size_t channels = norm.channels();
  const float* const gamma = norm.gamma.empty() ? nullptr : norm.gamma.data();
  const float* const beta = norm.beta.empty() ? nullptr : norm.beta.data();
  GuardedTiles x(shape, norm.samples, norm.x), dx(shape, norm.samples);
  GuardedTiles dy(small, norm.samples, norm.dy);
  GuardedTiles y(small, norm.samples), extremes(small, norm.samples);

  BatchNormOutputs outputs;
  outputs.moments.resize(channels);
  for (int i = 0; i < x.count(); ++i) {
    std::vector<Moments> moments(channels);
    batch_norm_moments(moments, x.tile(i), x.lanes(i), shape);
    for (std::size_t c = 0; c < channels; ++c) {
      outputs.moments[c] = outputs.moments[c].merged_with(moments[c]);
    }
  }
  std::vector<float> mean, rstd;
  for (const Moments& moments : outputs.moments) {
    mean.push_back(static_cast<float>(moments.mean));
    rstd.push_back(static_cast<float>(
        1 / std::sqrt(moments.squares / moments.count + static_cast<double>(norm.eps))));
  }

  std::vector<float> dgamma_parts, dbeta_parts;
  for (int i = 0; i < x.count(); ++i) {
    batch_norm_max_pool_forward(y.tile(i), extremes.tile(i), x.tile(i),
                                {gamma, beta, mean.data(), rstd.data()}, shape, problem.side);
    GuardedFloats dgamma(channels), dbeta(channels);
    batch_norm_backward_parameters(dgamma.data(), dbeta.data(),
                                   {dy.tile(i), extremes.tile(i), gamma, mean.data(), rstd.data()},
                                   x.lanes(i), small);
    dgamma.expect_intact("dgamma");
    dbeta.expect_intact("dbeta");
    dgamma_parts.insert(dgamma_parts.end(), dgamma.data(), dgamma.data() + channels);
    dbeta_parts.insert(dbeta_parts.end(), dbeta.data(), dbeta.data() + channels);
  }
  outputs.dgamma.resize(channels);
  outputs.dbeta.resize(channels);
  sum_over_tiles(outputs.dgamma.data(), dgamma_parts.data(), x.count(), channels);
  sum_over_tiles(outputs.dbeta.data(), dbeta_parts.data(), x.count(), channels);
  for (int i = 0; i < x.count(); ++i) {
    const BatchNormInputs inputs{dy.tile(i),  x.tile(i),   gamma,
                                 mean.data(), rstd.data(), after_relu};
    for (float* const to : {dx.tile(i), x.tile(i)}) {  // apart, and over x
      batch_norm_max_pool_backward_input(to, {inputs, extremes.tile(i), problem.side},
                                         outputs.dgamma.data(), outputs.dbeta.data(), norm.count(),
                                         shape);
    }
  }
  extremes.values("extremes");
  outputs.y = y.values("y");
  outputs.dx = dx.values("dx");
  expect_same_bits("dx over x", outputs.dx, x.values("dx over x"));
  return outputs;
}

template <class Forward, class Number>
struct NormMaxPoolReference {
  Forward norm;
  reference::Array4<Number> y;
  reference::NormGradients<Number> gradients;
};

// The one after the other: `forward` and `backward` are the norm's.
template <class Number, class Forward, class Backward>
auto reference_norm_max_pool(const Shape& shape, int samples, const std::vector<float>& dy,
                             int side, const Forward& forward, const Backward& backward) {
  const Shape small = pooled(shape, side);
  const reference::Pool2d options{side, side, side};
  const auto norm = forward();
  const auto upstream = reference::max_pool2d_backward(
      exactly<Number>(dy, samples, small.channels, small.height, small.width), norm.y, options);
  return NormMaxPoolReference<std::remove_const_t<decltype(norm)>, Number>{
      norm, reference::max_pool2d(norm.y, options), backward(upstream)};
}

template <class Number>
auto reference_group_norm_max_pool(const GroupNormMaxPoolProblem& problem) {
  const GroupNormProblem& norm = problem.norm;
  const Shape& shape = norm.shape.shape;
  const auto x = exactly<Number>(norm.x, norm.samples, shape.channels, shape.height, shape.width);
  const reference::Affine<Number> affine{exactly<Number>(norm.gamma), exactly<Number>(norm.beta)};
  const double eps = static_cast<double>(norm.shape.eps);
  return reference_norm_max_pool<Number>(
      shape, norm.samples, norm.dy, problem.side,
      [&] { return reference::group_norm(x, affine, norm.shape.groups, eps); },
      [&](const reference::Array4<Number>& dy) {
        return reference::group_norm_backward(dy, x, affine, norm.shape.groups, eps);
      });
}

template <class Number>
auto reference_batch_norm_max_pool(const BatchNormMaxPoolProblem& problem) {
  const BatchNormProblem& norm = problem.norm;
  const Shape& shape = norm.shape;
  const auto x = exactly<Number>(norm.x, norm.samples, shape.channels, shape.height, shape.width);
  const reference::Affine<Number> affine{exactly<Number>(norm.gamma), exactly<Number>(norm.beta)};
  const double eps = static_cast<double>(norm.eps);
  return reference_norm_max_pool<Number>(
      shape, norm.samples, norm.dy, problem.side,
      [&] { return reference::batch_norm(x, affine, eps); },
      [&](const reference::Array4<Number>& dy) {
        return reference::batch_norm_backward(dy, x, affine, eps);
      });
}

}  // namespace normlab
