// What all normalizations share: a set of m numbers is brought to mean 0 and variance 1.
//
//   mean = sum x / m,   var = sum (x - mean)^2 / m,   xhat = (x - mean) / sqrt(var + eps)
//
// The norms differ only in which numbers form a set, and scale and shift by channel afterwards.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "reference/bounded.h"

namespace normlab::reference {

template <class Number>
struct Normalized {
  Number mean;
  Number var;   // biased: divided by m
  Number rstd;  // 1 / sqrt(var + eps)
  std::vector<Number> xhat;
};

template <class Number>
Normalized<Number> normalize(const std::vector<Number>& x, double eps) {
  using std::sqrt;
  const Number m = static_cast<double>(x.size());
  Sum<Number> sum;
  for (const Number& value : x) sum.add(value);
  const Number mean = sum.total() / m;
  Sum<Number> squares;
  for (const Number& value : x) squares.add((value - mean) * (value - mean));
  const Number var = squares.total() / m;
  Normalized<Number> result{mean, var, Number(1) / sqrt(var + Number(eps)), {}};
  for (const Number& value : x) result.xhat.push_back((value - mean) * result.rstd);
  return result;
}

// dL/dx from dL/dxhat, by the chain rule through var and mean as Ioffe & Szegedy write it out
// (2015, section 3), not by the shorter formula that the kernels use:
//
//   dvar  = sum dxhat * (x - mean) * -1/2 (var + eps)^(-3/2)
//   dmean = sum dxhat * -rstd                      (var does not change with mean: sum x - mean =
//   0) dx    = dxhat * rstd + dvar * 2 (x - mean) / m + dmean / m
template <class Number>
std::vector<Number> normalize_backward(const std::vector<Number>& dxhat,
                                       const std::vector<Number>& x, double eps) {
  const Number m = static_cast<double>(x.size());
  const Normalized<Number> forward = normalize(x, eps);
  Sum<Number> dvar;
  Sum<Number> dmean;
  for (std::size_t i = 0; i < x.size(); ++i) {
    // (x - mean) * (var + eps)^(-3/2) is xhat * rstd^2.
    dvar.add(dxhat[i] * forward.xhat[i] * Number(-0.5));
    dmean.add(-dxhat[i]);
  }
  std::vector<Number> dx;
  for (std::size_t i = 0; i < x.size(); ++i) {
    // One factor rstd of dvar turns 2 (x - mean) into 2 xhat; the other stands outside, as in all
    // three terms.
    dx.push_back(forward.rstd *
                 (dxhat[i] + dvar.total() * Number(2) * forward.xhat[i] / m + dmean.total() / m));
  }
  return dx;
}

}  // namespace normlab::reference
