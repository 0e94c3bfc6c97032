#include "norms/norm_problem.h"

#include <algorithm>
#include <numeric>

#include "kernels/guarded.h"
#include "normlab/base/error.h"
#include "normlab/kernels/sgd.h"
#include "normlab/nn/norms/registry.h"

namespace normlab {
namespace {

std::size_t count_of(const ParameterSpec& spec) {
  return std::accumulate(
      spec.shape.begin(), spec.shape.end(), std::size_t{1},
      [](std::size_t product, int extent) { return product * static_cast<std::size_t>(extent); });
}

// Never the 1 and 0 of the start.
std::vector<float> random_values(reference::Random& random, const std::vector<ParameterSpec>& specs,
                                 bool positive) {
  std::vector<float> values;
  for (const ParameterSpec& spec : specs) {
    for (std::size_t i = 0; i < count_of(spec); ++i) {
      values.push_back(spec.kind != ParameterKind::kScale ? random.normal(0.0f, 0.7f)
                       : positive                         ? random.uniform(0.5f, 2.0f)
                                                          : random.normal(1.0f, 0.5f));
    }
  }
  return values;
}

// The layer and its tiles in guarded memory.
class Rig {
 public:
  Rig(const NormProblem& problem, Outputs outputs)
      : problem_(problem),
        layer_(*problem.layer),
        in_place_(outputs == Outputs::kInPlace),
        dx_over_x_(outputs == Outputs::kDxOverX),
        x_(problem.shape, problem.samples, problem.x),
        dy_(problem.shape, problem.samples, problem.dy),
        y_(problem.shape, problem.samples),
        dx_(problem.shape, problem.samples),
        written_(problem.shape, problem.samples, problem.x),
        packed_(layer_.memory().packed),
        parameters_(problem.parameters),
        buffers_(problem.buffers) {
    for (int tile = 0; tile < x_.count(); ++tile) {
      saved_.emplace_back(layer_.memory().saved);
      dparameters_.emplace_back(problem.parameters.size());
    }
    layer_.pack(packed_.data(), parameters_.data(), buffers_.data());
  }

  NormOutputs run() {
    if (layer_.meeting()) {
      run_meeting(*layer_.meeting());
    } else {
      for (int tile = 0; tile < x_.count(); ++tile) {
        layer_.forward(y(tile), saved_[at(tile)].data(), input(tile), weights(), info(tile));
        layer_.backward(dx(tile), dparameters_[at(tile)].data(), upstream(tile), weights(),
                        info(tile));
      }
    }
    NormOutputs outputs;
    outputs.y = (in_place_ ? written_ : y_).values("y");
    outputs.dx = (in_place_ ? dy_ : dx_over_x_ ? x_ : dx_).values("dx");
    std::vector<float> parts;
    for (const GuardedFloats& tile : dparameters_) {
      tile.expect_intact("dparameters");
      parts.insert(parts.end(), tile.data(), tile.data() + tile.size());
    }
    for (const GuardedFloats& tile : saved_) tile.expect_intact("saved");
    outputs.dparameters.resize(problem_.parameters.size());
    sum_over_tiles(outputs.dparameters.data(), parts.data(), x_.count(),
                   outputs.dparameters.size());
    buffers_.expect_intact("buffers");
    outputs.buffers = buffers_.values();
    return outputs;
  }

 private:
  static std::size_t at(int tile) { return static_cast<std::size_t>(tile); }

  void run_meeting(const Meeting& meeting) {
    MeetingMemory memory;
    memory.resize(meeting, problem_.samples, problem_.shape.channels);
    for (int tile = 0; tile < x_.count(); ++tile) {
      meeting.observe_forward(memory, tile, input(tile), info(tile));
    }
    meeting.join_forward(memory, buffers_.data());
    for (int tile = 0; tile < x_.count(); ++tile) {
      meeting.forward_joined(y(tile), saved_[at(tile)].data(), input(tile), memory, tile,
                             weights());
      meeting.observe_backward(memory, tile, dparameters_[at(tile)].data(), upstream(tile),
                               weights(), info(tile));
    }
    meeting.join_backward(memory);
    for (int tile = 0; tile < x_.count(); ++tile) {
      meeting.backward_joined(dx(tile), memory, tile, upstream(tile), weights());
    }
  }

  // What stands in x must outlive the forward, so that in place means over a copy of it.
  const float* input(int tile) { return in_place_ ? written_.tile(tile) : x_.tile(tile); }
  float* y(int tile) { return in_place_ ? written_.tile(tile) : y_.tile(tile); }
  float* dx(int tile) { return (in_place_ ? dy_ : dx_over_x_ ? x_ : dx_).tile(tile); }
  LayerWeights weights() const { return {parameters_.data(), packed_.data()}; }
  LayerUpstream upstream(int tile) {
    return {dy_.tile(tile), x_.tile(tile), y(tile), saved_[at(tile)].data()};
  }
  TileInfo info(int tile) const {
    TileInfo info;
    info.lanes = x_.lanes(tile);
    return info;
  }

  const NormProblem& problem_;
  const Layer& layer_;
  bool in_place_;
  bool dx_over_x_;
  GuardedTiles x_, dy_, y_, dx_, written_;
  GuardedFloats packed_;
  GuardedFloats parameters_;
  GuardedFloats buffers_;
  std::vector<GuardedFloats> saved_;
  std::vector<GuardedFloats> dparameters_;
};

}  // namespace

std::string NormProblem::text() const {
  return describe(norm) + ": " + std::to_string(samples) + " x " + to_string(shape) + ", eps " +
         std::to_string(norm_eps(norm)) + (norm.affine ? ", affine" : "");
}

NormProblem random_norm_problem(reference::Random& random, const Norm& norm, const Shape& shape,
                                int samples) {
  NormProblem problem{norm, shape, samples, nullptr, {}, {}, {}, {}};
  LayerSpec spec;
  spec.name = "norm";
  try {
    problem.layer = norm_type(norm.kind).make(spec, {shape, 1, "test"}, norm);
  } catch (const UsageError&) {
    return problem;
  }
  if (!problem.layer) return problem;
  problem.x = random.normals(problem.size(), 0.5f, 2.0f);
  // No gradient of a parameter may nearly cancel: against a sum near zero any limit is loose.
  problem.dy = random.normals(problem.size(), 0.2f, 1.0f);
  for (std::size_t i = 0; i < problem.size(); ++i) problem.dy[i] += 0.3f * problem.x[i];
  problem.parameters = random_values(random, problem.layer->parameters(), false);
  problem.buffers = random_values(random, problem.layer->buffers(), true);
  return problem;
}

bool is_nearly_constant(const NormProblem& problem) {
  return problem.shape.pixels() <= 2 || problem.shape.channels <= 2;
}

NormOutputs run_norm(const NormProblem& problem, Outputs outputs) {
  return Rig(problem, outputs).run();
}

std::span<const float> part(std::span<const float> all, const std::vector<ParameterSpec>& specs,
                            const std::string& suffix) {
  std::size_t first = 0;
  for (const ParameterSpec& spec : specs) {
    if (spec.suffix == suffix) return all.subspan(first, count_of(spec));
    first += count_of(spec);
  }
  return {};
}

}  // namespace normlab
