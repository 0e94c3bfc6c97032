#include "normlab/kernels/pool2d.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/pool2d.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// Calls visit(offset in x, offset in y) for the first number of each window, in row order.
template <class Visit>
HWY_INLINE void for_each_window(const Pool2dShape& shape, const Visit& visit) {
  const Shape out = shape.output();
  for (int c = 0; c < out.channels; ++c) {
    for (int i = 0; i < out.height; ++i) {
      for (int j = 0; j < out.width; ++j) {
        visit(tile_offset(shape.input, c, i * shape.stride, j * shape.stride),
              tile_offset(out, c, i, j));
      }
    }
  }
}

// Calls visit(offset from the window's first number) for each number of a window, in row order.
template <class Visit>
HWY_INLINE void for_each_in_window(const Pool2dShape& shape, const Visit& visit) {
  const std::size_t row = static_cast<std::size_t>(shape.input.width) * kLanes;
  for (std::size_t ky = 0; ky < static_cast<std::size_t>(shape.kernel_height); ++ky) {
    for (std::size_t kx = 0; kx < static_cast<std::size_t>(shape.kernel_width); ++kx) {
      visit(ky * row + kx * kLanes);
    }
  }
}

void max_pool2d_forward(float* y, const float* x, const Pool2dShape& shape) {
  for_each_window(shape, [&](std::size_t x_at, std::size_t y_at) HWY_ATTR {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      Vector largest = load(x + x_at + piece);
      for_each_in_window(shape, [&](std::size_t inside) HWY_ATTR {
        const Vector value = load(x + x_at + inside + piece);
        // A NaN wins and stays, so that a diverged run is seen. Not Ne(value, value), which is an
        // ordered comparison, false for a NaN, in Highway 1.0.3 on AVX2 and AVX-512.
        const auto take = hn::Or(hn::Gt(value, largest), hn::IsNaN(value));
        largest = hn::IfThenElse(take, value, largest);
      });
      store(largest, y + y_at + piece);
    }
  });
}

void max_pool2d_backward(float* dx, const float* dy, const float* x, const float* y,
                         const Pool2dShape& shape) {
  std::fill_n(dx, tile_size(shape.input), 0.0f);
  for_each_window(shape, [&](std::size_t x_at, std::size_t y_at) HWY_ATTR {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector largest = load(y + y_at + piece);
      Vector gradient = load(dy + y_at + piece);  // 0 once it has been given away
      for_each_in_window(shape, [&](std::size_t inside) HWY_ATTR {
        const std::size_t at = x_at + inside + piece;
        const auto here = hn::Eq(load(x + at), largest);
        store(hn::Add(load(dx + at), hn::IfThenElseZero(here, gradient)), dx + at);
        gradient = hn::IfThenZeroElse(here, gradient);
      });
    }
  });
}

void average_pool2d_forward(float* y, const float* x, const Pool2dShape& shape) {
  const float area = static_cast<float>(shape.kernel_height * shape.kernel_width);
  for_each_window(shape, [&](std::size_t x_at, std::size_t y_at) HWY_ATTR {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      Vector sum = hn::Zero(kTag);
      for_each_in_window(shape, [&](std::size_t inside) HWY_ATTR {
        sum = hn::Add(sum, load(x + x_at + inside + piece));
      });
      store(hn::Div(sum, broadcast(area)), y + y_at + piece);
    }
  });
}

// Windows that do not overlap, each with what lies between it and the next ones: each number of dx
// is written once.
HWY_INLINE void average_pool2d_backward_apart(float* dx, const float* dy, const Pool2dShape& shape,
                                              const float* relu_output) {
  const Shape out = shape.output();
  const Vector area = broadcast(static_cast<float>(shape.kernel_height * shape.kernel_width));
  const auto end = [&](int window, int windows, int size) {
    return window + 1 < windows ? (window + 1) * shape.stride : size;
  };
  for_each_window(shape, [&](std::size_t x_at, std::size_t y_at) HWY_ATTR {
    const int index = static_cast<int>(y_at / kLanes) % out.pixels();
    const int row = index / out.width;
    const int column = index % out.width;
    const int height = end(row, out.height, shape.input.height) - row * shape.stride;
    const int width = end(column, out.width, shape.input.width) - column * shape.stride;
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector share = hn::Div(load(dy + y_at + piece), area);
      for (int i = 0; i < height; ++i) {
        for (int j = 0; j < width; ++j) {
          const std::size_t at =
              x_at + static_cast<std::size_t>(i * shape.input.width + j) * kLanes + piece;
          const bool inside = i < shape.kernel_height && j < shape.kernel_width;
          const Vector gradient = inside ? share : hn::Zero(kTag);
          store(relu_output ? relu_gradient(gradient, load(relu_output + at)) : gradient, dx + at);
        }
      }
    }
  });
}

void average_pool2d_backward(float* dx, const float* dy, const Pool2dShape& shape,
                             const float* relu_output) {
  if (!shape.windows_overlap()) {
    return average_pool2d_backward_apart(dx, dy, shape, relu_output);
  }
  std::fill_n(dx, tile_size(shape.input), 0.0f);
  const float area = static_cast<float>(shape.kernel_height * shape.kernel_width);
  for_each_window(shape, [&](std::size_t x_at, std::size_t y_at) HWY_ATTR {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector share = hn::Div(load(dy + y_at + piece), broadcast(area));
      for_each_in_window(shape, [&](std::size_t inside) HWY_ATTR {
        const std::size_t at = x_at + inside + piece;
        store(hn::Add(load(dx + at), share), dx + at);
      });
    }
  });
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(max_pool2d_forward);
HWY_EXPORT(max_pool2d_backward);
HWY_EXPORT(average_pool2d_forward);
HWY_EXPORT(average_pool2d_backward);
}  // namespace

void max_pool2d_forward(float* y, const float* x, const Pool2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(max_pool2d_forward)(y, x, shape);
}

void max_pool2d_backward(float* dx, const float* dy, const float* x, const float* y,
                         const Pool2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(max_pool2d_backward)(dx, dy, x, y, shape);
}

void average_pool2d_forward(float* y, const float* x, const Pool2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(average_pool2d_forward)(y, x, shape);
}

void average_pool2d_backward(float* dx, const float* dy, const Pool2dShape& shape,
                             const float* relu_output) {
  HWY_DYNAMIC_DISPATCH(average_pool2d_backward)(dx, dy, shape, relu_output);
}

}  // namespace normlab
#endif  // HWY_ONCE
