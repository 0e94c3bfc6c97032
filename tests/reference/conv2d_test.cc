#include "reference/conv2d.h"

#include <gtest/gtest.h>

#include "reference/gradient_check.h"

namespace normlab::reference {
namespace {

TEST(Conv2dReference, WorkedByHand) {
  Array4<double> x(1, 1, 2, 3);
  x.values = {1, 2, 3,  //
              4, 5, 6};
  Array4<double> w(1, 1, 2, 2);
  w.values = {1, 10,  //
              100, 1000};
  // Cross-correlation: the kernel is not flipped.
  const Array4<double> y = conv2d(x, w, {0.5}, {.stride = 1, .padding = 0});
  EXPECT_EQ(y.values, (std::vector<double>{5421.5, 6532.5}));
  // Padding 1, stride 2: windows at rows -1 and 1, columns -1 and 1.
  const Array4<double> padded = conv2d(x, w, {}, {.stride = 2, .padding = 1});
  EXPECT_EQ(padded.h, 2);
  EXPECT_EQ(padded.w, 2);
  EXPECT_EQ(padded.values, (std::vector<double>{1000, 3200, 40, 65}));
}

TEST(Conv2dReference, AddsUpInputChannels) {
  Array4<double> x(2, 2, 1, 1);
  x.values = {1, 2, 3, 4};
  Array4<double> w(2, 2, 1, 1);
  w.values = {1, 10, 100, 1000};
  EXPECT_EQ(conv2d(x, w, {}, {}).values, (std::vector<double>{21, 2100, 43, 4300}));
}

TEST(Conv2dReference, GradientsAgreeWithCentralDifferences) {
  Random random(11);
  struct Case {
    int h, w, kernel_h, kernel_w;
    Conv2d options;
  };
  for (const Case& each :
       {Case{5, 4, 3, 3, {1, 0}}, Case{5, 4, 3, 3, {1, 1}}, Case{5, 7, 2, 3, {2, 1}},
        Case{4, 3, 1, 1, {3, 0}}, Case{3, 5, 5, 5, {2, 2}}, Case{6, 6, 2, 2, {3, 0}}}) {
    const Conv2d options = each.options;
    const Array4<double> x = random_array(random, 2, 3, each.h, each.w);
    const Array4<double> weight = random_array(random, 2, 3, each.kernel_h, each.kernel_w);
    const std::vector<double> bias = random_vector(random, 2);
    Array4<double> probe = conv2d(x, weight, bias, options);
    probe.values = random_vector(random, probe.values.size());
    const Conv2dGradients<double> gradients = conv2d_backward(probe, x, weight, options);
    expect_gradient(gradients.dx.values, x.values, [&](const std::vector<double>& moved) {
      return seen_through(probe.values,
                          conv2d(with_values(x, moved), weight, bias, options).values);
    });
    expect_gradient(gradients.dw.values, weight.values, [&](const std::vector<double>& moved) {
      return seen_through(probe.values,
                          conv2d(x, with_values(weight, moved), bias, options).values);
    });
    expect_gradient(gradients.dbias, bias, [&](const std::vector<double>& moved) {
      return seen_through(probe.values, conv2d(x, weight, moved, options).values);
    });
  }
}

}  // namespace
}  // namespace normlab::reference
