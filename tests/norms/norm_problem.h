// A norm's layer on its own with all its inputs, run as a training step runs it: tile by tile, and
// where tiles meet, with everything that is joined between.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "normlab/nn/layer.h"
#include "norms/table.h"
#include "reference/compare.h"
#include "reference/random.h"

namespace normlab {

struct NormProblem {
  Norm norm;
  Shape shape;
  int samples = 1;
  std::shared_ptr<Layer> layer;  // what the norm makes for this shape; null: it wants none
  std::vector<float> x;          // [N][C][H][W]
  std::vector<float> dy;
  std::vector<float> parameters;  // in the layer's order
  std::vector<float> buffers;

  std::string text() const;
  std::size_t size() const { return static_cast<std::size_t>(samples) * shape.size(); }
};

// Random numbers for everything; null layer if the norm does not fit the shape.
NormProblem random_norm_problem(reference::Random& random, const Norm& norm, const Shape& shape,
                                int samples);

// Whether its statistics are of so few numbers that gradients are 0 but for rounding.
bool is_nearly_constant(const NormProblem& problem);

struct NormOutputs {
  std::vector<float> y;
  std::vector<float> dx;
  std::vector<float> dparameters;  // in the layer's order
  std::vector<float> buffers;      // after the step
};

// Where the outputs go: y over x and dx over dy, or dx over x, for a layer that says it can.
enum class Outputs { kApart, kInPlace, kDxOverX };
NormOutputs run_norm(const NormProblem& problem, Outputs outputs = Outputs::kApart);

// The part of an array of the layer's parameters (or buffers) that has this name.
std::span<const float> part(std::span<const float> all, const std::vector<ParameterSpec>& specs,
                            const std::string& suffix);

// The same problem for a formula.
template <class Number>
formulas::NormInput<Number> formula_input(const NormProblem& problem) {
  const Shape& shape = problem.shape;
  formulas::NormInput<Number> input{
      exactly<Number>(problem.x, problem.samples, shape.channels, shape.height, shape.width),
      {},
      {},
      problem.norm,
      true};
  const auto specs = problem.layer->parameters();
  for (const ParameterSpec& spec : specs) {
    input.parameters[spec.suffix] = exactly<Number>(part(problem.parameters, specs, spec.suffix));
  }
  const auto buffers = problem.layer->buffers();
  for (const ParameterSpec& spec : buffers) {
    const auto values = part(problem.buffers, buffers, spec.suffix);
    input.buffers[spec.suffix] = {values.begin(), values.end()};
  }
  return input;
}

}  // namespace normlab
