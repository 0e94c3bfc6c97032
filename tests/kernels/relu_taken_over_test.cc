// A convolution, an average pool or a norm that does its neighbour's ReLU gives what the two give
// one after the other, to the bit.
#include <gtest/gtest.h>

#include "kernels/batch_norm_problem.h"
#include "kernels/conv2d_problem.h"
#include "kernels/group_norm_problem.h"
#include "kernels/instruction_sets.h"
#include "normlab/kernels/pool2d.h"
#include "normlab/kernels/relu.h"
#include "normlab/nn/layers/conv2d_algorithm.h"

namespace normlab {
namespace {

// What a ReLU gives: whole numbers, so that zeros are among them.
GuardedFloats relu_output(reference::Random& random, std::size_t count) {
  GuardedFloats x(random.integers(count, -2, 2));
  relu_forward(x.data(), x.data(), count);
  return x;
}

std::vector<float> after_relu(GuardedFloats y) {
  relu_forward(y.data(), y.data(), y.size());
  return y.values();
}

std::vector<float> through_relu(GuardedFloats dx, const GuardedFloats& relu_output) {
  relu_backward(dx.data(), dx.data(), relu_output.data(), dx.size());
  return dx.values();
}

TEST(ReluTakenOver, ByAConvolution) {
  reference::Random random(191);
  for (const Conv2dShape& shape :
       {Conv2dShape{{5, 7, 9}, 10, 3, 3, 1, 1}, Conv2dShape{{8, 5, 6}, 8, 1, 1, 1, 0},
        Conv2dShape{{3, 9, 8}, 7, 3, 2, 2, 1}, Conv2dShape{{8, 14, 13}, 33, 5, 5, 2, 2}}) {
    const GuardedFloats x = relu_output(random, tile_size(shape.input));
    const GuardedFloats dy(random.normals(tile_size(shape.output()), 0.2f, 1.0f));
    const std::vector<float> w = random.normals(shape.weights(), 0.1f, 0.5f);
    const std::vector<float> bias =
        random.normals(static_cast<std::size_t>(shape.out_channels), 0.0f, 1.0f);
    on_every_instruction_set([&] {
      for (const auto wanted : kConvolutionAlgorithms) {
        SCOPED_TRACE(to_string(wanted));
        const auto algorithm = make_conv2d_algorithm(shape, wanted);
        GuardedFloats packed(algorithm->packed()), scratch(algorithm->scratch());
        GuardedFloats y(dy.size()), y_taken(dy.size()), dx(x.size()), dx_taken(x.size());
        algorithm->pack_forward(packed.data(), w.data());
        algorithm->forward(y.data(), scratch.data(), x.data(), packed.data(), bias.data(), {});
        algorithm->forward(y_taken.data(), scratch.data(), x.data(), packed.data(), bias.data(),
                           {.relu = true});
        expect_same_bits("y", after_relu(y), y_taken.values());
        algorithm->pack_backward_input(packed.data(), w.data());
        algorithm->backward_input(dx.data(), scratch.data(), dy.data(), packed.data(), {});
        algorithm->backward_input(dx_taken.data(), scratch.data(), dy.data(), packed.data(),
                                  {.relu_output = x.data()});
        expect_same_bits("dx", through_relu(dx, x), dx_taken.values());
        GuardedFloats over_x(x);
        algorithm->backward_input(over_x.data(), scratch.data(), dy.data(), packed.data(),
                                  {.relu_output = over_x.data()});
        expect_same_bits("dx over x", dx_taken.values(), over_x.values());
      }
    });
  }
}

TEST(ReluTakenOver, ByAnAveragePool) {
  reference::Random random(194);
  for (const Pool2dShape& shape :
       {Pool2dShape{{5, 7, 8}, 2, 2, 2}, Pool2dShape{{3, 9, 8}, 2, 1, 3},
        Pool2dShape{{4, 7, 7}, 6, 6, 6}, Pool2dShape{{4, 5, 6}, 5, 6, 9}}) {
    const GuardedFloats x = relu_output(random, tile_size(shape.input));
    const GuardedFloats dy(random.normals(tile_size(shape.output()), 0.2f, 1.0f));
    on_every_instruction_set([&] {
      GuardedFloats dx(x.size()), dx_taken(x.size()), over_x(x);
      average_pool2d_backward(dx.data(), dy.data(), shape);
      average_pool2d_backward(dx_taken.data(), dy.data(), shape, x.data());
      average_pool2d_backward(over_x.data(), dy.data(), shape, over_x.data());
      expect_same_bits("dx", through_relu(dx, x), dx_taken.values());
      expect_same_bits("dx over x", dx_taken.values(), over_x.values());
    });
  }
}

TEST(ReluTakenOver, ByTheNormBeforeIt) {
  reference::Random random(193);
  const Shape shape{8, 5, 7};
  const Shape pooled{8, 2, 3};
  const GuardedFloats x(random.normals(tile_size(shape), 0.2f, 1.0f));
  const std::vector<float> gamma = random.normals(8, 0.3f, 1.0f);
  const std::vector<float> beta = random.normals(8, 0.3f, 1.0f);
  const std::vector<float> mean = random.normals(8, 0.2f, 0.1f);
  const std::vector<float> rstd = random.normals(8, 1.0f, 0.1f);
  on_every_instruction_set([&] {
    GuardedFloats y(x.size()), y_taken(x.size());
    GuardedFloats pool(tile_size(pooled)), pool_taken(pool.size());
    GuardedFloats extremes(pool.size()), extremes_taken(pool.size());
    GroupNormChannels group{gamma.data(), beta.data()};
    const GroupNormShape groups{shape, 4, 1e-5f};
    GuardedFloats m(4 * kLanes), r(4 * kLanes);
    group_norm_forward(y.data(), m.data(), r.data(), x.data(), group, groups);
    group_norm_max_pool_forward({pool.data(), m.data(), r.data(), extremes.data()}, x.data(), group,
                                groups, 2);
    group.relu = true;
    group_norm_forward(y_taken.data(), m.data(), r.data(), x.data(), group, groups);
    group_norm_max_pool_forward({pool_taken.data(), m.data(), r.data(), extremes_taken.data()},
                                x.data(), group, groups, 2);
    expect_same_bits("group norm", after_relu(y), y_taken.values());
    expect_same_bits("group norm and pool", after_relu(pool), pool_taken.values());
    expect_same_bits("its extremes", extremes.values(), extremes_taken.values());

    BatchNormChannels batch{gamma.data(), beta.data(), mean.data(), rstd.data()};
    batch_norm_forward(y.data(), x.data(), batch, shape);
    batch_norm_max_pool_forward(pool.data(), extremes.data(), x.data(), batch, shape, 2);
    batch.relu = true;
    batch_norm_forward(y_taken.data(), x.data(), batch, shape);
    batch_norm_max_pool_forward(pool_taken.data(), extremes_taken.data(), x.data(), batch, shape,
                                2);
    expect_same_bits("batch norm", after_relu(y), y_taken.values());
    expect_same_bits("batch norm and pool", after_relu(pool), pool_taken.values());
    expect_same_bits("its extremes", extremes.values(), extremes_taken.values());
  });
}

TEST(ReluTakenOver, ByTheNormAfterIt) {
  reference::Random random(192);
  const Shape shape{8, 5, 7};
  const GuardedFloats x = relu_output(random, tile_size(shape));
  const GuardedFloats dy(random.normals(tile_size(shape), 0.2f, 1.0f));
  const std::vector<float> gamma = random.normals(8, 0.3f, 1.0f);
  const std::vector<float> mean = random.normals(4 * kLanes, 0.5f, 0.1f);
  const std::vector<float> rstd = random.normals(4 * kLanes, 1.5f, 0.1f);
  on_every_instruction_set([&] {
    GuardedFloats dx(x.size()), dx_taken(x.size());
    std::vector<float> dgamma(8), dbeta(8);
    const GroupNormShape groups{shape, 4, 1e-5f};
    const GuardedFloats group_mean(mean), group_rstd(rstd);
    GroupNormInputs group{dy.data(), x.data(), gamma.data(), group_mean.data(), group_rstd.data()};
    group_norm_backward(dx.data(), dgamma.data(), dbeta.data(), group, kLanes, groups);
    group.after_relu = true;
    group_norm_backward(dx_taken.data(), dgamma.data(), dbeta.data(), group, kLanes, groups);
    expect_same_bits("group norm, dx", through_relu(dx, x), dx_taken.values());

    BatchNormInputs batch{dy.data(), x.data(), gamma.data(), mean.data(), rstd.data()};
    batch_norm_backward_input(dx.data(), batch, dgamma.data(), dbeta.data(), 100, shape);
    batch.after_relu = true;
    batch_norm_backward_input(dx_taken.data(), batch, dgamma.data(), dbeta.data(), 100, shape);
    expect_same_bits("batch norm, dx", through_relu(dx, x), dx_taken.values());
  });
}

}  // namespace
}  // namespace normlab
