#include "reference/winograd_2d.h"

#include "reference/winograd_matrices.h"

namespace normlab::reference {
namespace {

using namespace winograd;

// T z T^T, rows and columns of z given by value(k, l); rows first.
template <class Number, int kOut, int kIn, class Value>
std::vector<Number> both_ways(const double (&matrix)[kOut][kIn], const Value& value) {
  std::vector<Number> along_rows;  // [kIn][kOut]
  for (int k = 0; k < kIn; ++k) {
    for (int j = 0; j < kOut; ++j) {
      along_rows.push_back(combine<Number>(
          kIn, [&](int l) { return matrix[j][l]; }, [&](int l) { return value(k, l); }));
    }
  }
  std::vector<Number> result;  // [kOut][kOut]
  for (int i = 0; i < kOut; ++i) {
    for (int j = 0; j < kOut; ++j) {
      result.push_back(combine<Number>(
          kIn, [&](int k) { return matrix[i][k]; },
          [&](int k) { return along_rows[static_cast<std::size_t>(k * kOut + j)]; }));
    }
  }
  return result;
}

template <int kOut, int kIn>
struct Transposed {
  double matrix[kIn][kOut];
  explicit Transposed(const double (&of)[kOut][kIn]) : matrix() {
    for (int i = 0; i < kOut; ++i) {
      for (int j = 0; j < kIn; ++j) matrix[j][i] = of[i][j];
    }
  }
};

// The transforms of patches of 6x6 (or of anything else): [n][c][patch row][patch column][36].
template <class Number>
struct Patches {
  int rows;
  int columns;
  Array4<std::vector<Number>> positions;
};

template <class Number, int kIn>
Patches<Number> transform(const Array4<Number>& x, int rows, int columns, int shift,
                          const double (&matrix)[kInputs][kIn]) {
  Patches<Number> patches{rows, columns, Array4<std::vector<Number>>(x.n, x.c, rows, columns)};
  for (int n = 0; n < x.n; ++n) {
    for (int c = 0; c < x.c; ++c) {
      for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
          patches.positions(n, c, i, j) = both_ways<Number>(matrix, [&](int k, int l) {
            return at(x, n, c, i * kOutputs + k + shift, j * kOutputs + l + shift);
          });
        }
      }
    }
  }
  return patches;
}

// y[i] = sum over k of w[k] x[i + k + shift] in both directions; x is zero outside.
template <class Number>
Array4<Number> correlate_patches(const Array4<Number>& x, const Array4<Number>& w,
                                 const std::vector<Number>& bias, int height, int width,
                                 int shift) {
  Array4<Number> y(x.n, w.n, height, width);
  const auto v = transform(x, quads(height), quads(width), shift, kBTransposed);
  Array4<std::vector<Number>> u(w.n, w.c, 1, 1);
  for (int o = 0; o < w.n; ++o) {
    for (int c = 0; c < w.c; ++c) {
      u(o, c, 0, 0) = both_ways<Number>(kG, [&](int k, int l) { return w(o, c, k, l); });
    }
  }
  for (int n = 0; n < y.n; ++n) {
    for (int o = 0; o < y.c; ++o) {
      for (int patch = 0; patch < v.rows * v.columns; ++patch) {
        const int row = patch / v.columns;
        const int column = patch % v.columns;
        std::vector<Sum<Number>> products(kInputs * kInputs);
        for (int c = 0; c < x.c; ++c) {
          for (std::size_t position = 0; position < products.size(); ++position) {
            products[position].add(u(o, c, 0, 0)[position] *
                                   v.positions(n, c, row, column)[position]);
          }
        }
        const std::vector<Number> m = totals(products);
        const std::vector<Number> outputs = both_ways<Number>(kATransposed, [&](int k, int l) {
          return m[static_cast<std::size_t>(k * kInputs + l)];
        });
        for (int i = 0; i < kOutputs * kOutputs; ++i) {
          const int y_row = row * kOutputs + i / kOutputs;
          const int y_column = column * kOutputs + i % kOutputs;
          if (y_row >= height || y_column >= width) continue;
          Number value = outputs[static_cast<std::size_t>(i)];
          if (!bias.empty()) value = value + bias[static_cast<std::size_t>(o)];
          y(n, o, y_row, y_column) = value;
        }
      }
    }
  }
  return y;
}

// A pixel of a phase, or where a number of a phase belongs.
struct Place {
  Place(const Conv2d& options, int phase, int i, int j)
      : row(options.stride * i + phase / options.stride - options.padding),
        column(options.stride * j + phase % options.stride - options.padding) {}
  int row;
  int column;
};

// The phases of x as channels, each of `height` by `width` pixels.
template <class Number>
Array4<Number> phases_of(const Array4<Number>& x, const Conv2d& options, int height, int width) {
  const int count = options.stride * options.stride;
  Array4<Number> phases(x.n, count * x.c, height, width);
  for (int n = 0; n < x.n; ++n) {
    for (int c = 0; c < count * x.c; ++c) {
      for (int i = 0; i < height; ++i) {
        for (int j = 0; j < width; ++j) {
          const Place place(options, c / x.c, i, j);
          phases(n, c, i, j) = at(x, n, c % x.c, place.row, place.column);
        }
      }
    }
  }
  return phases;
}

// The 3x3 kernels of the phases; taps that w has not are 0.
template <class Number>
Array4<Number> phases_of_kernels(const Array4<Number>& w, int stride) {
  return phases_of(w, {stride, 0}, kTaps, kTaps);
}

template <class Number>
Array4<Number> turned_kernels(const Array4<Number>& w) {
  Array4<Number> result(w.c, w.n, w.h, w.w);
  for (int o = 0; o < w.n; ++o) {
    for (int c = 0; c < w.c; ++c) {
      for (int i = 0; i < w.h * w.w; ++i) {
        result(c, o, w.h - 1 - i / w.w, w.w - 1 - i % w.w) = w(o, c, i / w.w, i % w.w);
      }
    }
  }
  return result;
}

template <class Number>
Array4<Number> input_gradient(const Array4<Number>& dy, const Array4<Number>& x,
                              const Array4<Number>& kernels, const Conv2d& options) {
  const int first = options.padding / options.stride;
  const int height = (x.h - 1 + options.padding) / options.stride - first + 1;
  const int width = (x.w - 1 + options.padding) / options.stride - first + 1;
  const Array4<Number> phases =
      correlate_patches(dy, turned_kernels(kernels), {}, height, width, first - (kTaps - 1));
  auto dx = shaped_like<Number>(x);
  for (int n = 0; n < x.n; ++n) {
    for (int c = 0; c < phases.c; ++c) {
      for (int i = 0; i < height; ++i) {
        for (int j = 0; j < width; ++j) {
          const Place place(options, c / x.c, first + i, first + j);
          if (place.row < 0 || place.row >= x.h || place.column < 0 || place.column >= x.w)
            continue;
          dx(n, c % x.c, place.row, place.column) = phases(n, c, i, j);
        }
      }
    }
  }
  return dx;
}

template <class Number>
Array4<Number> weight_gradient(const Array4<Number>& dy, const Array4<Number>& phases,
                               const Array4<Number>& w, int stride) {
  const auto t = transform(dy, quads(dy.h), quads(dy.w), 0, Transposed(kATransposed).matrix);
  const auto v = transform(phases, t.rows, t.columns, 0, kBTransposed);
  auto dw = shaped_like<Number>(w);
  for (int o = 0; o < w.n; ++o) {
    for (int c = 0; c < phases.c; ++c) {
      std::vector<Sum<Number>> products(kInputs * kInputs);
      for (int n = 0; n < dy.n; ++n) {
        for (int patch = 0; patch < t.rows * t.columns; ++patch) {
          const auto& of_dy = t.positions(n, o, patch / t.columns, patch % t.columns);
          const auto& of_x = v.positions(n, c, patch / t.columns, patch % t.columns);
          for (std::size_t position = 0; position < products.size(); ++position) {
            products[position].add(of_dy[position] * of_x[position]);
          }
        }
      }
      const std::vector<Number> sums = totals(products);
      const std::vector<Number> taps = both_ways<Number>(Transposed(kG).matrix, [&](int k, int l) {
        return sums[static_cast<std::size_t>(k * kInputs + l)];
      });
      for (int tap = 0; tap < kTaps * kTaps; ++tap) {
        const Place place({stride, 0}, c / w.c, tap / kTaps, tap % kTaps);
        if (place.row >= w.h || place.column >= w.w) continue;
        dw(o, c % w.c, place.row, place.column) = taps[static_cast<std::size_t>(tap)];
      }
    }
  }
  return dw;
}

// As many pixels of each phase as the patches of the output read.
int read_by(int outputs) { return quads(outputs) * kOutputs + kTaps - 1; }

}  // namespace

template <class Number>
Array4<Number> winograd_2d_conv2d(const Array4<Number>& x, const Array4<Number>& w,
                                  const std::vector<Number>& bias, const Conv2d& options) {
  const int height = (x.h + 2 * options.padding - w.h) / options.stride + 1;
  const int width = (x.w + 2 * options.padding - w.w) / options.stride + 1;
  return correlate_patches(phases_of(x, options, read_by(height), read_by(width)),
                           phases_of_kernels(w, options.stride), bias, height, width, 0);
}

template <class Number>
Conv2dGradients<Number> winograd_2d_conv2d_backward(const Array4<Number>& dy,
                                                    const Array4<Number>& x,
                                                    const Array4<Number>& w,
                                                    const Conv2d& options) {
  const auto kernels = phases_of_kernels(w, options.stride);
  const auto phases = phases_of(x, options, read_by(dy.h), read_by(dy.w));
  return {
      input_gradient(dy, x, kernels, options), weight_gradient(dy, phases, w, options.stride), {}};
}

template Array4<double> winograd_2d_conv2d(const Array4<double>&, const Array4<double>&,
                                           const std::vector<double>&, const Conv2d&);
template Array4<Bounded> winograd_2d_conv2d(const Array4<Bounded>&, const Array4<Bounded>&,
                                            const std::vector<Bounded>&, const Conv2d&);
template Conv2dGradients<double> winograd_2d_conv2d_backward(const Array4<double>&,
                                                             const Array4<double>&,
                                                             const Array4<double>&, const Conv2d&);
template Conv2dGradients<Bounded> winograd_2d_conv2d_backward(const Array4<Bounded>&,
                                                              const Array4<Bounded>&,
                                                              const Array4<Bounded>&,
                                                              const Conv2d&);

}  // namespace normlab::reference
