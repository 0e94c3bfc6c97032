#include "reference/conv2d.h"

namespace normlab::reference {
namespace {

// Calls visit(o, i, j, c, ky, kx, row, column) for every product of the equation that is not with a
// zero from outside the image: y[o][i][j] has the term w[o][c][ky][kx] * x[c][row][column].
template <class Number, class Visit>
void for_each_product(const Array4<Number>& y, const Array4<Number>& x, const Array4<Number>& w,
                      const Conv2d& options, const Visit& visit) {
  for (int o = 0; o < y.c; ++o) {
    for (int i = 0; i < y.h; ++i) {
      for (int j = 0; j < y.w; ++j) {
        for (int c = 0; c < x.c; ++c) {
          for (int ky = 0; ky < w.h; ++ky) {
            for (int kx = 0; kx < w.w; ++kx) {
              const int row = i * options.stride + ky - options.padding;
              const int column = j * options.stride + kx - options.padding;
              if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
              visit(o, i, j, c, ky, kx, row, column);
            }
          }
        }
      }
    }
  }
}

}  // namespace

template <class Number>
Array4<Number> conv2d(const Array4<Number>& x, const Array4<Number>& w,
                      const std::vector<Number>& bias, const Conv2d& options) {
  Array4<Number> y(x.n, w.n, (x.h + 2 * options.padding - w.h) / options.stride + 1,
                   (x.w + 2 * options.padding - w.w) / options.stride + 1);
  for (int n = 0; n < x.n; ++n) {
    Array4<Sum<Number>> sums(1, y.c, y.h, y.w);
    for_each_product(y, x, w, options,
                     [&](int o, int i, int j, int c, int ky, int kx, int row, int column) {
                       sums(0, o, i, j).add(w(o, c, ky, kx) * x(n, c, row, column));
                     });
    for (int o = 0; o < y.c; ++o) {
      for (int i = 0; i < y.h; ++i) {
        for (int j = 0; j < y.w; ++j) {
          if (!bias.empty()) sums(0, o, i, j).add(bias[static_cast<std::size_t>(o)]);
          y(n, o, i, j) = sums(0, o, i, j).total();
        }
      }
    }
  }
  return y;
}

template <class Number>
Conv2dGradients<Number> conv2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                        const Array4<Number>& w, const Conv2d& options) {
  auto dx = shaped_like<Sum<Number>>(x);
  auto dw = shaped_like<Sum<Number>>(w);
  std::vector<Sum<Number>> dbias(static_cast<std::size_t>(dy.c));
  for (int n = 0; n < x.n; ++n) {
    for_each_product(dy, x, w, options,
                     [&](int o, int i, int j, int c, int ky, int kx, int row, int column) {
                       dx(n, c, row, column).add(w(o, c, ky, kx) * dy(n, o, i, j));
                       dw(o, c, ky, kx).add(x(n, c, row, column) * dy(n, o, i, j));
                     });
    for (int o = 0; o < dy.c; ++o) {
      for (int i = 0; i < dy.h; ++i) {
        for (int j = 0; j < dy.w; ++j) dbias[static_cast<std::size_t>(o)].add(dy(n, o, i, j));
      }
    }
  }
  return {totals(dx), totals(dw), totals(dbias)};
}

template Array4<double> conv2d(const Array4<double>&, const Array4<double>&,
                               const std::vector<double>&, const Conv2d&);
template Array4<Bounded> conv2d(const Array4<Bounded>&, const Array4<Bounded>&,
                                const std::vector<Bounded>&, const Conv2d&);
template Conv2dGradients<double> conv2d_backward(const Array4<double>&, const Array4<double>&,
                                                 const Array4<double>&, const Conv2d&);
template Conv2dGradients<Bounded> conv2d_backward(const Array4<Bounded>&, const Array4<Bounded>&,
                                                  const Array4<Bounded>&, const Conv2d&);

}  // namespace normlab::reference
