#include "reference/winograd.h"

#include "reference/winograd_matrices.h"

namespace normlab::reference {
namespace {

using namespace winograd;

// (G w)[position] of one row of the kernel.
template <class Number>
Number transformed_weight(const Array4<Number>& w, int o, int c, int ky, int position) {
  return combine<Number>(
      kTaps, [&](int kx) { return kG[position][kx]; }, [&](int kx) { return w(o, c, ky, kx); });
}

// (B^T x)[position] of a quad whose first input is x[row][column].
template <class Number>
Number transformed_input(const Array4<Number>& x, int n, int c, int row, int column, int position) {
  return combine<Number>(
      kInputs, [&](int k) { return kBTransposed[position][k]; },
      [&](int k) { return at(x, n, c, row, column + k); });
}

// A correlation with stride 1 and its own padding in each direction.
template <class Number>
Array4<Number> correlate(const Array4<Number>& x, const Array4<Number>& w,
                         const std::vector<Number>& bias, int row_padding, int column_padding) {
  Array4<Number> y(x.n, w.n, x.h + 2 * row_padding - w.h + 1, x.w + 2 * column_padding - w.w + 1);
  for (int n = 0; n < y.n; ++n) {
    for (int o = 0; o < y.c; ++o) {
      for (int i = 0; i < y.h; ++i) {
        for (int quad = 0; quad < quads(y.w); ++quad) {
          const int column = quad * kOutputs - column_padding;
          Number products[kInputs];
          for (int position = 0; position < kInputs; ++position) {
            Sum<Number> sum;
            for (int c = 0; c < x.c; ++c) {
              for (int ky = 0; ky < w.h; ++ky) {
                sum.add(transformed_weight(w, o, c, ky, position) *
                        transformed_input(x, n, c, i + ky - row_padding, column, position));
              }
            }
            products[position] = sum.total();
          }
          for (int k = 0; k < kOutputs && quad * kOutputs + k < y.w; ++k) {
            Number value = combine<Number>(
                kInputs, [&](int position) { return kATransposed[k][position]; },
                [&](int position) { return products[position]; });
            if (!bias.empty()) value = value + bias[static_cast<std::size_t>(o)];
            y(n, o, i, quad * kOutputs + k) = value;
          }
        }
      }
    }
  }
  return y;
}

// The kernel turned by 180 degrees, inputs and outputs exchanged.
template <class Number>
Array4<Number> turned(const Array4<Number>& w) {
  Array4<Number> result(w.c, w.n, w.h, w.w);
  for (int o = 0; o < w.n; ++o) {
    for (int c = 0; c < w.c; ++c) {
      for (int ky = 0; ky < w.h; ++ky) {
        for (int kx = 0; kx < w.w; ++kx) result(c, o, w.h - 1 - ky, w.w - 1 - kx) = w(o, c, ky, kx);
      }
    }
  }
  return result;
}

}  // namespace

template <class Number>
Array4<Number> winograd_conv2d(const Array4<Number>& x, const Array4<Number>& w,
                               const std::vector<Number>& bias, int padding) {
  return correlate(x, w, bias, padding, padding);
}

template <class Number>
Conv2dGradients<Number> winograd_conv2d_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                                 const Array4<Number>& w, int padding) {
  auto dw = shaped_like<Number>(w);
  for (int o = 0; o < w.n; ++o) {
    for (int c = 0; c < w.c; ++c) {
      for (int ky = 0; ky < w.h; ++ky) {
        Number products[kInputs];
        for (int position = 0; position < kInputs; ++position) {
          Sum<Number> sum;
          for (int n = 0; n < x.n; ++n) {
            for (int i = 0; i < dy.h; ++i) {
              for (int quad = 0; quad < quads(dy.w); ++quad) {
                const int column = quad * kOutputs;
                const Number upstream = combine<Number>(
                    kOutputs, [&](int k) { return kATransposed[k][position]; },
                    [&](int k) { return at(dy, n, o, i, column + k); });
                sum.add(upstream *
                        transformed_input(x, n, c, i + ky - padding, column - padding, position));
              }
            }
          }
          products[position] = sum.total();
        }
        for (int kx = 0; kx < kTaps; ++kx) {
          dw(o, c, ky, kx) = combine<Number>(
              kInputs, [&](int position) { return kG[position][kx]; },
              [&](int position) { return products[position]; });
        }
      }
    }
  }
  return {correlate(dy, turned(w), {}, w.h - 1 - padding, w.w - 1 - padding), dw, {}};
}

template Array4<double> winograd_conv2d(const Array4<double>&, const Array4<double>&,
                                        const std::vector<double>&, int);
template Array4<Bounded> winograd_conv2d(const Array4<Bounded>&, const Array4<Bounded>&,
                                         const std::vector<Bounded>&, int);
template Conv2dGradients<double> winograd_conv2d_backward(const Array4<double>&,
                                                          const Array4<double>&,
                                                          const Array4<double>&, int);
template Conv2dGradients<Bounded> winograd_conv2d_backward(const Array4<Bounded>&,
                                                           const Array4<Bounded>&,
                                                           const Array4<Bounded>&, int);

}  // namespace normlab::reference
