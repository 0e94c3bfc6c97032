// A group norm with all its inputs, run through the kernels tile by tile.
#pragma once

#include <string>
#include <vector>

#include "kernels/guarded.h"
#include "normlab/kernels/group_norm.h"
#include "normlab/kernels/sgd.h"
#include "reference/compare.h"
#include "reference/group_norm.h"
#include "reference/random.h"

namespace normlab {

struct GroupNormProblem {
  GroupNormShape shape;
  int samples = 1;
  std::vector<float> x;
  std::vector<float> gamma;  // may be empty, with beta
  std::vector<float> beta;
  std::vector<float> dy;

  std::size_t size() const { return static_cast<std::size_t>(samples) * shape.shape.size(); }
  std::size_t channels() const { return static_cast<std::size_t>(shape.shape.channels); }

  std::string text() const {
    return "group norm: " + std::to_string(samples) + " x " + to_string(shape.shape) + ", groups " +
           std::to_string(shape.groups) + ", eps " + std::to_string(shape.eps) +
           (gamma.empty() ? "" : ", affine");
  }
};

inline GroupNormProblem random_group_norm(reference::Random& random, const GroupNormShape& shape,
                                          int samples, bool affine) {
  GroupNormProblem problem{shape, samples, {}, {}, {}, {}};
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

// mean and rstd are [N][G]; dgamma and dbeta are empty without gamma.
struct GroupNormOutputs {
  std::vector<float> y;
  std::vector<float> mean;
  std::vector<float> rstd;
  std::vector<float> dx;
  std::vector<float> dgamma;
  std::vector<float> dbeta;
};

inline GroupNormOutputs run_group_norm(const GroupNormProblem& problem) {
  const Shape& image = problem.shape.shape;
  const Shape statistic{problem.shape.groups, 1, 1};
  const bool affine = !problem.gamma.empty();
  GuardedTiles x(image, problem.samples, problem.x);
  GuardedTiles dy(image, problem.samples, problem.dy);
  GuardedTiles y(image, problem.samples);
  GuardedTiles dx(image, problem.samples);
  GuardedTiles mean(statistic, problem.samples);
  GuardedTiles rstd(statistic, problem.samples);
  std::vector<float> dgamma_parts;
  std::vector<float> dbeta_parts;
  for (int tile = 0; tile < x.count(); ++tile) {
    group_norm_forward(
        y.tile(tile), mean.tile(tile), rstd.tile(tile), x.tile(tile),
        {affine ? problem.gamma.data() : nullptr, affine ? problem.beta.data() : nullptr},
        problem.shape);
    const GroupNormInputs inputs{dy.tile(tile), x.tile(tile),
                                 affine ? problem.gamma.data() : nullptr, mean.tile(tile),
                                 rstd.tile(tile)};
    GuardedFloats dgamma(problem.channels());
    GuardedFloats dbeta(problem.channels());
    group_norm_backward(dx.tile(tile), affine ? dgamma.data() : nullptr,
                        affine ? dbeta.data() : nullptr, inputs, x.lanes(tile), problem.shape);
    dgamma.expect_intact("dgamma");
    dbeta.expect_intact("dbeta");
    dgamma_parts.insert(dgamma_parts.end(), dgamma.data(), dgamma.data() + dgamma.size());
    dbeta_parts.insert(dbeta_parts.end(), dbeta.data(), dbeta.data() + dbeta.size());
  }
  GroupNormOutputs outputs{
      y.values("y"), mean.values("mean"), rstd.values("rstd"), dx.values("dx"), {}, {}};
  if (affine) {
    outputs.dgamma.resize(problem.channels());
    outputs.dbeta.resize(problem.channels());
    sum_over_tiles(outputs.dgamma.data(), dgamma_parts.data(), x.count(), problem.channels());
    sum_over_tiles(outputs.dbeta.data(), dbeta_parts.data(), x.count(), problem.channels());
  }
  return outputs;
}

template <class Number>
struct GroupNormReference {
  reference::GroupNorm<Number> forward;
  reference::NormGradients<Number> gradients;
};

template <class Number>
GroupNormReference<Number> reference_group_norm(const GroupNormProblem& problem) {
  const Shape& image = problem.shape.shape;
  const auto array = [&](const std::vector<float>& values) {
    return exactly<Number>(values, problem.samples, image.channels, image.height, image.width);
  };
  const reference::Affine<Number> affine{exactly<Number>(problem.gamma),
                                         exactly<Number>(problem.beta)};
  const double eps = static_cast<double>(problem.shape.eps);
  return {reference::group_norm(array(problem.x), affine, problem.shape.groups, eps),
          reference::group_norm_backward(array(problem.dy), array(problem.x), affine,
                                         problem.shape.groups, eps)};
}

}  // namespace normlab
