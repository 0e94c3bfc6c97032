// Formulas of norms that look at each sample by itself, and are not group norm.
#pragma once

#include "norms/formulas.h"

namespace normlab::formulas {

// sum x^2 / m over channels [from, to) of a sample.
template <class Number>
Number mean_square(const Array4<Number>& x, int n, int from, int to) {
  Sum<Number> squares;
  for_each_of_sample(x, n, from, to, [&](int s, int c, int i, int j) {
    squares.add(x(s, c, i, j) * x(s, c, i, j));
  });
  return squares.total() / Number(static_cast<double>((to - from) * x.h * x.w));
}

struct Rms {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    using std::sqrt;
    NormOutput<Number> output{input.x, {}};
    for (int n = 0; n < input.x.n; ++n) {
      const Number root = sqrt(mean_square(input.x, n, 0, input.x.c) + input.eps());
      for_each_of_sample(input.x, n, 0, input.x.c, [&](int s, int c, int i, int j) {
        output.y(s, c, i, j) = input.parameter("weight", c, 1) * (input.x(s, c, i, j) / root);
      });
    }
    return output;
  }
};

// Scale and shift per element, in the order [C][H][W].
struct LayerElement {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    const Array4<Number>& x = input.x;
    NormOutput<Number> output{x, {}};
    for (int n = 0; n < x.n; ++n) {
      std::vector<Number> set;
      for_each_of_sample(x, n, 0, x.c,
                         [&](int s, int c, int i, int j) { set.push_back(x(s, c, i, j)); });
      const auto xhat = reference::normalize(set, value_of(input.eps())).xhat;
      int e = 0;
      for_each_of_sample(x, n, 0, x.c, [&](int s, int c, int i, int j) {
        output.y(s, c, i, j) = scale_and_shift(input, xhat[static_cast<std::size_t>(e)], e);
        ++e;
      });
    }
    return output;
  }
};

struct Layer2d {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    const Array4<Number>& x = input.x;
    NormOutput<Number> output{x, {}};
    for_each_of_pixels(x, [&](int n, int i, int j) {
      std::vector<Number> set;
      for (int c = 0; c < x.c; ++c) set.push_back(x(n, c, i, j));
      const auto xhat = reference::normalize(set, value_of(input.eps())).xhat;
      for (int c = 0; c < x.c; ++c) {
        output.y(n, c, i, j) = scale_and_shift(input, xhat[static_cast<std::size_t>(c)], c);
      }
    });
    return output;
  }

 private:
  template <class Number, class Visit>
  static void for_each_of_pixels(const Array4<Number>& x, const Visit& visit) {
    for (int n = 0; n < x.n; ++n) {
      for (int i = 0; i < x.h; ++i) {
        for (int j = 0; j < x.w; ++j) visit(n, i, j);
      }
    }
  }
};

struct DynamicTanh {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    using std::tanh;
    NormOutput<Number> output{input.x, {}};
    const Number alpha = input.parameter("alpha", 0, 0);
    for_each(input.x, [&](int n, int c, int i, int j) {
      output.y(n, c, i, j) = scale_and_shift(input, Number(tanh(alpha * input.x(n, c, i, j))), c);
    });
    return output;
  }
};

struct FilterResponse {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    using reference::abs;
    using reference::max;
    using std::sqrt;
    const Array4<Number>& x = input.x;
    NormOutput<Number> output{x, {}};
    // Learned on single pixels, and then a part of the parameters.
    const Number eps = input.eps() + abs(input.parameter("eps", 0, 0));
    for (int n = 0; n < x.n; ++n) {
      for (int channel = 0; channel < x.c; ++channel) {
        const Number root = sqrt(mean_square(x, n, channel, channel + 1) + eps);
        for_each_of_sample(x, n, channel, channel + 1, [&](int s, int c, int i, int j) {
          const Number z = scale_and_shift(input, Number(x(s, c, i, j) / root), c);
          output.y(s, c, i, j) = max(z, input.parameter("tau", c, 0));
        });
      }
    }
    return output;
  }
};

struct EvoNormS0 {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    using std::tanh;
    const Array4<Number>& x = input.x;
    NormOutput<Number> output{x, {}};
    const int size = x.c / input.norm.groups;
    for (int n = 0; n < x.n; ++n) {
      for (int from = 0; from < x.c; from += size) {
        std::vector<Number> set;
        for_each_of_sample(x, n, from, from + size,
                           [&](int s, int c, int i, int j) { set.push_back(x(s, c, i, j)); });
        const Number rstd = reference::normalize(set, value_of(input.eps())).rstd;
        for_each_of_sample(x, n, from, from + size, [&](int s, int c, int i, int j) {
          const Number value = x(s, c, i, j);
          const Number half = input.parameter("v", c, 1) * value * Number(0.5);
          const Number sigmoid = Number(0.5) * (Number(1) + Number(tanh(half)));
          output.y(s, c, i, j) = scale_and_shift(input, value * sigmoid * rstd, c);
        });
      }
    }
    return output;
  }
};

}  // namespace normlab::formulas
