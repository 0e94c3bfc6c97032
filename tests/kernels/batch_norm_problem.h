// A batch norm in training with all its inputs, run through the kernels tile by tile: moments of
// each tile, merged in tile order, and then each tile normalized with what came of it.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "kernels/guarded.h"
#include "normlab/kernels/batch_norm.h"
#include "normlab/kernels/sgd.h"
#include "reference/batch_norm.h"
#include "reference/compare.h"
#include "reference/random.h"

namespace normlab {

struct BatchNormProblem {
  Shape shape;
  float eps = 1e-5f;
  int samples = 1;
  std::vector<float> x;
  std::vector<float> gamma;  // may be empty, with beta
  std::vector<float> beta;
  std::vector<float> dy;

  std::size_t size() const { return static_cast<std::size_t>(samples) * shape.size(); }
  std::size_t channels() const { return static_cast<std::size_t>(shape.channels); }
  double count() const { return static_cast<double>(samples) * shape.pixels(); }

  std::string text() const {
    return "batch norm: " + std::to_string(samples) + " x " + to_string(shape) + ", eps " +
           std::to_string(eps) + (gamma.empty() ? "" : ", affine");
  }
};

inline BatchNormProblem random_batch_norm(reference::Random& random, const Shape& shape, float eps,
                                          int samples, bool affine) {
  BatchNormProblem problem{shape, eps, samples, {}, {}, {}, {}};
  problem.x = random.normals(problem.size(), 0.5f, 2.0f);
  if (affine) {
    problem.gamma = random.normals(problem.channels(), 1.0f, 0.5f);
    problem.beta = random.normals(problem.channels(), 0.0f, 1.0f);
  }
  // Neither dbeta = sum dy nor dgamma = sum dy * xhat may nearly cancel: against a sum near zero
  // any limit is loose.
  problem.dy = random.normals(problem.size(), 0.2f, 1.0f);
  for (std::size_t i = 0; i < problem.size(); ++i) problem.dy[i] += 0.3f * problem.x[i];
  return problem;
}

struct BatchNormOutputs {
  std::vector<Moments> moments;  // of the batch, [C]
  std::vector<float> y;
  std::vector<float> dx;
  std::vector<float> dgamma;
  std::vector<float> dbeta;
};

inline BatchNormOutputs run_batch_norm(const BatchNormProblem& problem) {
  const Shape& shape = problem.shape;
  const std::size_t channels = problem.channels();
  const float* const gamma = problem.gamma.empty() ? nullptr : problem.gamma.data();
  const float* const beta = problem.beta.empty() ? nullptr : problem.beta.data();
  GuardedTiles x(shape, problem.samples, problem.x);
  GuardedTiles dy(shape, problem.samples, problem.dy);
  GuardedTiles y(shape, problem.samples);
  GuardedTiles dx(shape, problem.samples);

  BatchNormOutputs outputs;
  outputs.moments.resize(channels);
  for (int tile = 0; tile < x.count(); ++tile) {
    std::vector<Moments> moments(channels, {std::nan(""), std::nan(""), std::nan("")});
    batch_norm_moments(moments, x.tile(tile), x.lanes(tile), shape);
    for (std::size_t c = 0; c < channels; ++c) {
      outputs.moments[c] = tile == 0 ? moments[c] : outputs.moments[c].merged_with(moments[c]);
    }
  }
  std::vector<float> mean, rstd;
  for (const Moments& moments : outputs.moments) {
    mean.push_back(static_cast<float>(moments.mean));
    rstd.push_back(static_cast<float>(
        1 / std::sqrt(moments.squares / moments.count + static_cast<double>(problem.eps))));
  }

  std::vector<float> dgamma_parts, dbeta_parts;
  for (int tile = 0; tile < x.count(); ++tile) {
    batch_norm_forward(y.tile(tile), x.tile(tile), {gamma, beta, mean.data(), rstd.data()}, shape);
    GuardedFloats dgamma(channels), dbeta(channels);
    batch_norm_backward_parameters(dgamma.data(), dbeta.data(),
                                   {dy.tile(tile), x.tile(tile), gamma, mean.data(), rstd.data()},
                                   x.lanes(tile), shape);
    dgamma.expect_intact("dgamma");
    dbeta.expect_intact("dbeta");
    dgamma_parts.insert(dgamma_parts.end(), dgamma.data(), dgamma.data() + channels);
    dbeta_parts.insert(dbeta_parts.end(), dbeta.data(), dbeta.data() + channels);
  }
  outputs.dgamma.resize(channels);
  outputs.dbeta.resize(channels);
  sum_over_tiles(outputs.dgamma.data(), dgamma_parts.data(), x.count(), channels);
  sum_over_tiles(outputs.dbeta.data(), dbeta_parts.data(), x.count(), channels);
  for (int tile = 0; tile < x.count(); ++tile) {
    batch_norm_backward_input(dx.tile(tile),
                              {dy.tile(tile), x.tile(tile), gamma, mean.data(), rstd.data()},
                              outputs.dgamma.data(), outputs.dbeta.data(), problem.count(), shape);
  }
  outputs.y = y.values("y");
  outputs.dx = dx.values("dx");
  return outputs;
}

template <class Number>
struct BatchNormReference {
  reference::BatchNorm<Number> forward;
  reference::NormGradients<Number> gradients;
};

template <class Number>
BatchNormReference<Number> reference_batch_norm(const BatchNormProblem& problem) {
  const Shape& shape = problem.shape;
  const auto array = [&](const std::vector<float>& values) {
    return exactly<Number>(values, problem.samples, shape.channels, shape.height, shape.width);
  };
  const reference::Affine<Number> affine{exactly<Number>(problem.gamma),
                                         exactly<Number>(problem.beta)};
  const double eps = static_cast<double>(problem.eps);
  return {reference::batch_norm(array(problem.x), affine, eps),
          reference::batch_norm_backward(array(problem.dy), array(problem.x), affine, eps)};
}

}  // namespace normlab
