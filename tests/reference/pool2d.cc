#include "reference/pool2d.h"

namespace normlab::reference {
namespace {

struct Position {
  int row;
  int column;
};

template <class Number>
Array4<Number> empty_output(const Array4<Number>& x, const Pool2d& options) {
  return Array4<Number>(x.n, x.c, (x.h - options.kernel_height) / options.stride + 1,
                        (x.w - options.kernel_width) / options.stride + 1);
}

// Where window (i, j) of one sample and channel has its first largest number.
template <class Number>
Position first_largest(const Array4<Number>& x, int n, int c, int i, int j, const Pool2d& options) {
  Position largest{i * options.stride, j * options.stride};
  for (int ky = 0; ky < options.kernel_height; ++ky) {
    for (int kx = 0; kx < options.kernel_width; ++kx) {
      const Position here{i * options.stride + ky, j * options.stride + kx};
      if (x(n, c, here.row, here.column) > x(n, c, largest.row, largest.column)) largest = here;
    }
  }
  return largest;
}

template <class Number, class Visit>
void for_each_window(const Array4<Number>& y, const Visit& visit) {
  for (int n = 0; n < y.n; ++n) {
    for (int c = 0; c < y.c; ++c) {
      for (int i = 0; i < y.h; ++i) {
        for (int j = 0; j < y.w; ++j) visit(n, c, i, j);
      }
    }
  }
}

}  // namespace

template <class Number>
Array4<Number> max_pool2d(const Array4<Number>& x, const Pool2d& options) {
  Array4<Number> y = empty_output(x, options);
  for_each_window(y, [&](int n, int c, int i, int j) {
    const Position largest = first_largest(x, n, c, i, j, options);
    y(n, c, i, j) = x(n, c, largest.row, largest.column);
  });
  return y;
}

template <class Number>
Array4<Number> max_pool2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                   const Pool2d& options) {
  auto dx = shaped_like<Sum<Number>>(x);
  for_each_window(dy, [&](int n, int c, int i, int j) {
    const Position largest = first_largest(x, n, c, i, j, options);
    dx(n, c, largest.row, largest.column).add(dy(n, c, i, j));
  });
  return totals(dx);
}

template <class Number>
Array4<Number> average_pool2d(const Array4<Number>& x, const Pool2d& options) {
  const Number size = static_cast<double>(options.kernel_height * options.kernel_width);
  Array4<Number> y = empty_output(x, options);
  for_each_window(y, [&](int n, int c, int i, int j) {
    Sum<Number> sum;
    for (int ky = 0; ky < options.kernel_height; ++ky) {
      for (int kx = 0; kx < options.kernel_width; ++kx) {
        sum.add(x(n, c, i * options.stride + ky, j * options.stride + kx));
      }
    }
    y(n, c, i, j) = sum.total() / size;
  });
  return y;
}

template <class Number>
Array4<Number> average_pool2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                       const Pool2d& options) {
  const Number size = static_cast<double>(options.kernel_height * options.kernel_width);
  auto dx = shaped_like<Sum<Number>>(x);
  for_each_window(dy, [&](int n, int c, int i, int j) {
    for (int ky = 0; ky < options.kernel_height; ++ky) {
      for (int kx = 0; kx < options.kernel_width; ++kx) {
        dx(n, c, i * options.stride + ky, j * options.stride + kx).add(dy(n, c, i, j) / size);
      }
    }
  });
  return totals(dx);
}

template Array4<double> max_pool2d(const Array4<double>&, const Pool2d&);
template Array4<Bounded> max_pool2d(const Array4<Bounded>&, const Pool2d&);
template Array4<double> max_pool2d_backward(const Array4<double>&, const Array4<double>&,
                                            const Pool2d&);
template Array4<Bounded> max_pool2d_backward(const Array4<Bounded>&, const Array4<Bounded>&,
                                             const Pool2d&);
template Array4<double> average_pool2d(const Array4<double>&, const Pool2d&);
template Array4<Bounded> average_pool2d(const Array4<Bounded>&, const Pool2d&);
template Array4<double> average_pool2d_backward(const Array4<double>&, const Array4<double>&,
                                                const Pool2d&);
template Array4<Bounded> average_pool2d_backward(const Array4<Bounded>&, const Array4<Bounded>&,
                                                 const Pool2d&);

}  // namespace normlab::reference
