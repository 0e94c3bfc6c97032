// Every norm's forward as its paper has it, in plain loops over [N][C][H][W] and any type of
// number; the backward follows by the tape (reference/tape.h). Names of parameters are those of the
// layers.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "normlab/nn/norm.h"
#include "reference/array.h"
#include "reference/normalize.h"
#include "reference/tape.h"

namespace normlab::formulas {

using reference::Array4;
using reference::Sum;
using reference::value_of;

template <class Number>
struct NormInput {
  Array4<Number> x;
  std::map<std::string, std::vector<Number>> parameters;
  std::map<std::string, std::vector<double>> buffers;  // before the step
  Norm norm;
  bool training = true;

  // A parameter that is absent is not learned: `otherwise` stands in for it.
  Number parameter(const std::string& name, int place, double otherwise) const {
    const auto found = parameters.find(name);
    if (found == parameters.end()) return Number(otherwise);
    return found->second.at(static_cast<std::size_t>(place));
  }
  Number eps() const { return Number(static_cast<double>(norm_eps(norm))); }
};

template <class Number>
struct NormOutput {
  Array4<Number> y;
  std::map<std::string, std::vector<double>> buffers;  // after it
};

// Calls visit(n, c, i, j) for every number of channels [from, to) of sample n.
template <class Number, class Visit>
void for_each_of_sample(const Array4<Number>& x, int n, int from, int to, const Visit& visit) {
  for (int c = from; c < to; ++c) {
    for (int i = 0; i < x.h; ++i) {
      for (int j = 0; j < x.w; ++j) visit(n, c, i, j);
    }
  }
}

template <class Number, class Visit>
void for_each(const Array4<Number>& x, const Visit& visit) {
  for (int n = 0; n < x.n; ++n) for_each_of_sample(x, n, 0, x.c, visit);
}

template <class Number>
Number scale_and_shift(const NormInput<Number>& input, const Number& xhat, int place) {
  return input.parameter("weight", place, 1) * xhat + input.parameter("bias", place, 0);
}

// Group norm and its kin: channels [from, to) of each sample are one set.
template <class Number>
NormOutput<Number> normalize_groups(const NormInput<Number>& input, int groups) {
  const Array4<Number>& x = input.x;
  NormOutput<Number> output{x, {}};
  const int size = x.c / groups;
  for (int n = 0; n < x.n; ++n) {
    for (int from = 0; from < x.c; from += size) {
      std::vector<Number> set;
      for_each_of_sample(x, n, from, from + size,
                         [&](int s, int c, int i, int j) { set.push_back(x(s, c, i, j)); });
      const auto xhat = reference::normalize(set, value_of(input.eps())).xhat;
      std::size_t k = 0;
      for_each_of_sample(x, n, from, from + size, [&](int s, int c, int i, int j) {
        output.y(s, c, i, j) = scale_and_shift(input, xhat[k++], c);
      });
    }
  }
  return output;
}

struct None {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    return {input.x, {}};
  }
};

struct Layer {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    return normalize_groups(input, 1);
  }
};

struct Group {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    return normalize_groups(input, input.norm.groups);
  }
};

struct Instance {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    return normalize_groups(input, input.x.c);
  }
};

// What batch norm and its kin do to samples [from, to) of channel c, once their mean and standard
// deviation are known: PyTorch's running statistics, in double.
inline void move_running(std::map<std::string, std::vector<double>>& buffers, int c, double mean,
                         double biased_var, double count, double momentum) {
  const auto move = [&](const char* name, double now) {
    double& running = buffers.at(name).at(static_cast<std::size_t>(c));
    running = (1 - momentum) * running + momentum * now;
  };
  move("running_mean", mean);
  move("running_var", biased_var * count / (count - 1));
}

// As evaluation does it: with the running statistics.
template <class Number>
NormOutput<Number> evaluate_batch(const NormInput<Number>& input) {
  using std::sqrt;
  NormOutput<Number> output{input.x, input.buffers};
  for_each(input.x, [&](int n, int c, int i, int j) {
    const auto channel = static_cast<std::size_t>(c);
    const double mean = input.buffers.at("running_mean")[channel];
    const double var = input.buffers.at("running_var")[channel];
    const Number rstd = Number(1) / sqrt(Number(var) + input.eps());
    output.y(n, c, i, j) = scale_and_shift(input, (input.x(n, c, i, j) - Number(mean)) * rstd, c);
  });
  return output;
}

// `transform(xhat, c, statistics)` is what the norm makes of xhat before scale and shift; samples
// are normalized in sets of `at_once`, the last of which takes what is left over.
template <class Number, class Transform>
NormOutput<Number> train_batch(const NormInput<Number>& input, int at_once,
                               const Transform& transform) {
  const Array4<Number>& x = input.x;
  NormOutput<Number> output{x, input.buffers};
  const int sets = std::max(1, x.n / at_once);
  for (int c = 0; c < x.c; ++c) {
    for (int s = 0; s < sets; ++s) {
      const int first = s * at_once;
      const int last = s + 1 < sets ? first + at_once : x.n;
      std::vector<Number> set;
      for (int n = first; n < last; ++n) {
        for_each_of_sample(x, n, c, c + 1,
                           [&](int m, int, int i, int j) { set.push_back(x(m, c, i, j)); });
      }
      const auto normalized = reference::normalize(set, value_of(input.eps()));
      std::size_t k = 0;
      for (int n = first; n < last; ++n) {
        for_each_of_sample(x, n, c, c + 1, [&](int m, int, int i, int j) {
          const Number xhat = transform(normalized.xhat[k++], c, normalized);
          output.y(m, c, i, j) = scale_and_shift(input, xhat, c);
        });
      }
      move_running(output.buffers, c, value_of(normalized.mean), value_of(normalized.var),
                   static_cast<double>(set.size()), static_cast<double>(input.norm.momentum));
    }
  }
  return output;
}

struct Batch {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    if (!input.training) return evaluate_batch(input);
    return train_batch(input, input.x.n, [](const Number& xhat, int, const auto&) { return xhat; });
  }
};

// r and d are constants to the backward.
struct BatchRenorm {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    if (!input.training) return evaluate_batch(input);
    const double r_max = static_cast<double>(input.norm.r_max);
    const double d_max = static_cast<double>(input.norm.d_max);
    return train_batch(input, input.x.n, [&](const Number& xhat, int c, const auto& batch) {
      const auto channel = static_cast<std::size_t>(c);
      const double eps = value_of(input.eps());
      const double sigma = std::sqrt(input.buffers.at("running_var")[channel] + eps);
      const double sigma_batch = std::sqrt(value_of(batch.var) + eps);
      const double shift = value_of(batch.mean) - input.buffers.at("running_mean")[channel];
      const double r = std::clamp(sigma_batch / sigma, 1 / r_max, r_max);
      const double d = std::clamp(shift / sigma, -d_max, d_max);
      return xhat * Number(r) + Number(d);
    });
  }
};

struct GhostBatch {
  template <class Number>
  static NormOutput<Number> apply(const NormInput<Number>& input) {
    if (!input.training) return evaluate_batch(input);
    const int at_once = std::min(input.x.n, input.norm.virtual_batch);
    return train_batch(input, at_once, [](const Number& xhat, int, const auto&) { return xhat; });
  }
};

}  // namespace normlab::formulas
