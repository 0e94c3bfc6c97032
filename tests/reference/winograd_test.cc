#include "reference/winograd.h"

#include <gtest/gtest.h>

#include "reference/gradient_check.h"
#include "reference/winograd_2d.h"

namespace normlab::reference {
namespace {

void expect_close(const std::vector<double>& expected, const std::vector<double>& actual) {
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(expected[i], actual[i], 1e-12 * (1 + std::abs(expected[i]))) << i;
  }
}

TEST(WinogradReference, IsTheConvolutionInDouble) {
  Random random(12);
  for (const int height : {1, 3, 6}) {
    for (const int width : {1, 2, 4, 5, 11}) {
      for (const int kernel_height : {1, 3}) {
        for (const int padding : {0, 1, 2}) {
          if (height + 2 * padding < kernel_height || width + 2 * padding < 3) continue;
          SCOPED_TRACE(testing::Message() << height << "x" << width << ", kernel " << kernel_height
                                          << "x3, padding " << padding);
          const Array4<double> x = random_array(random, 2, 3, height, width);
          const Array4<double> w = random_array(random, 4, 3, kernel_height, 3);
          const std::vector<double> bias = random_vector(random, 4);
          const Array4<double> y = conv2d(x, w, bias, {1, padding});
          expect_close(y.values, winograd_conv2d(x, w, bias, padding).values);
          const Array4<double> dy = random_array(random, y.n, y.c, y.h, y.w);
          const auto expected = conv2d_backward(dy, x, w, {1, padding});
          const auto actual = winograd_conv2d_backward(dy, x, w, padding);
          expect_close(expected.dx.values, actual.dx.values);
          expect_close(expected.dw.values, actual.dw.values);
        }
      }
    }
  }
}

TEST(WinogradReference, InTwoDimensionsIsTheConvolutionInDouble) {
  Random random(13);
  for (const int stride : {1, 2, 3}) {
    for (const int kernel : {3 * stride, 2 * stride + 1}) {
      for (const int padding : {0, 1, kernel / 2, kernel - 1}) {
        for (const int size : {1, 4, 9, 14}) {
          const int width = size + 3;
          if (size + 2 * padding < kernel || width + 2 * padding < kernel) continue;
          SCOPED_TRACE(testing::Message() << size << "x" << width << ", kernel " << kernel
                                          << ", stride " << stride << ", padding " << padding);
          const Conv2d options{stride, padding};
          const Array4<double> x = random_array(random, 2, 3, size, width);
          const Array4<double> w = random_array(random, 4, 3, kernel, kernel);
          const std::vector<double> bias = random_vector(random, 4);
          const Array4<double> y = conv2d(x, w, bias, options);
          expect_close(y.values, winograd_2d_conv2d(x, w, bias, options).values);
          const Array4<double> dy = random_array(random, y.n, y.c, y.h, y.w);
          const auto expected = conv2d_backward(dy, x, w, options);
          const auto actual = winograd_2d_conv2d_backward(dy, x, w, options);
          expect_close(expected.dx.values, actual.dx.values);
          expect_close(expected.dw.values, actual.dw.values);
        }
      }
    }
  }
}

}  // namespace
}  // namespace normlab::reference
