// A convolution by functions that work in a scratch, Winograd's or bf16's, run tile by tile.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include "kernels/conv2d_problem.h"
#include "normlab/kernels/conv2d_winograd.h"
#include "normlab/kernels/conv2d_winograd_2d.h"

namespace normlab {

// Relative L2 distance.
inline double relative_distance(const std::vector<double>& exact,
                                const std::vector<float>& actual) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    difference += std::pow(static_cast<double>(actual[i]) - exact[i], 2);
    size += exact[i] * exact[i];
  }
  return std::sqrt(difference / size);
}

// Those that a network calls, which choose one. Inputs as they stand.
struct Conv2dFunctions {
  decltype(&conv2d_winograd_packed) packed = conv2d_winograd_packed;
  decltype(&conv2d_winograd_scratch) scratch = conv2d_winograd_scratch;
  decltype(&conv2d_winograd_pack_forward) pack_forward = conv2d_winograd_pack_forward;
  decltype(&conv2d_winograd_pack_backward_input) pack_backward_input =
      conv2d_winograd_pack_backward_input;
  std::function<decltype(conv2d_winograd_2d_forward)> forward = conv2d_winograd_forward;
  decltype(&conv2d_winograd_backward_input) backward_input = conv2d_winograd_backward_input;
  std::function<decltype(conv2d_winograd_2d_backward_weight)> backward_weight =
      conv2d_winograd_backward_weight;
};

inline const Conv2dFunctions kWinograd = {};

inline const Conv2dFunctions kWinograd2d = {
    conv2d_winograd_2d_packed,          conv2d_winograd_2d_scratch,
    conv2d_winograd_2d_pack_forward,    conv2d_winograd_2d_pack_backward_input,
    conv2d_winograd_2d_forward,         conv2d_winograd_2d_backward_input,
    conv2d_winograd_2d_backward_weight,
};

// No dbias. The scratch is guarded and holds NaN before each call: nothing may be left over in it.
inline Conv2dOutputs run_conv2d_by(const Conv2dProblem& problem, const Conv2dFunctions& functions) {
  const Conv2dShape& shape = problem.shape;
  GuardedConv2d conv(problem, functions.packed(shape), functions.pack_forward,
                     functions.pack_backward_input);
  std::vector<float> dw_parts;
  const auto with_scratch = [&](const auto& run) {
    GuardedFloats scratch(functions.scratch(shape));
    run(scratch.data());
    scratch.expect_intact("scratch");
  };
  for (int tile = 0; tile < conv.x.count(); ++tile) {
    const Conv2dOptions options{.lanes = conv.x.lanes(tile)};
    with_scratch([&](float* scratch) {
      functions.forward(conv.y.tile(tile), scratch, conv.x.tile(tile), conv.forward_weights.data(),
                        problem.bias.empty() ? nullptr : problem.bias.data(), shape, options);
    });
    with_scratch([&](float* scratch) {
      functions.backward_input(conv.dx.tile(tile), scratch, conv.dy.tile(tile),
                               conv.backward_weights.data(), shape, options);
    });
    GuardedFloats dw(shape.weights());
    with_scratch([&](float* scratch) {
      functions.backward_weight(dw.data(), scratch, conv.dy.tile(tile), conv.x.tile(tile),
                                conv.x.lanes(tile), shape);
    });
    dw.expect_intact("dw");
    dw_parts.insert(dw_parts.end(), dw.data(), dw.data() + dw.size());
  }
  GuardedFloats dw(shape.weights());
  sum_over_tiles(dw.data(), dw_parts.data(), conv.x.count(), shape.weights());
  return {conv.y.values("y"), conv.dx.values("dx"), dw.values(), {}};
}

}  // namespace normlab
