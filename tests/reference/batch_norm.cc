#include "reference/batch_norm.h"

#include "reference/normalize.h"

namespace normlab::reference {
namespace {

// Calls visit(n, i, j, k) for each number of a channel, k counting from 0.
template <class Number, class Visit>
void for_each_in_channel(const Array4<Number>& x, const Visit& visit) {
  std::size_t k = 0;
  for (int n = 0; n < x.n; ++n) {
    for (int i = 0; i < x.h; ++i) {
      for (int j = 0; j < x.w; ++j) visit(n, i, j, k++);
    }
  }
}

template <class Number>
std::vector<Number> gather(const Array4<Number>& x, int c) {
  std::vector<Number> set;
  for_each_in_channel(x, [&](int n, int i, int j, std::size_t) { set.push_back(x(n, c, i, j)); });
  return set;
}

template <class Number>
Number scale_and_shift(const Number& xhat, const Affine<Number>& affine, int c) {
  const auto channel = static_cast<std::size_t>(c);
  Number y = xhat;
  if (!affine.gamma.empty()) y = affine.gamma[channel] * y;
  if (!affine.beta.empty()) y = y + affine.beta[channel];
  return y;
}

}  // namespace

template <class Number>
BatchNorm<Number> batch_norm(const Array4<Number>& x, const Affine<Number>& affine, double eps) {
  BatchNorm<Number> result{x, {}, {}, {}};
  for (int c = 0; c < x.c; ++c) {
    const Normalized<Number> set = normalize(gather(x, c), eps);
    result.mean.push_back(set.mean);
    result.var.push_back(set.var);
    result.rstd.push_back(set.rstd);
    for_each_in_channel(x, [&](int n, int i, int j, std::size_t k) {
      result.y(n, c, i, j) = scale_and_shift(set.xhat[k], affine, c);
    });
  }
  return result;
}

template <class Number>
NormGradients<Number> batch_norm_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                          const Affine<Number>& affine, double eps) {
  NormGradients<Number> result{shaped_like<Number>(x), {}, {}};
  for (int c = 0; c < x.c; ++c) {
    const std::vector<Number> set = gather(x, c);
    const std::vector<Number> xhat = normalize(set, eps).xhat;
    std::vector<Number> dxhat(set.size());
    Sum<Number> dgamma;
    Sum<Number> dbeta;
    for_each_in_channel(x, [&](int n, int i, int j, std::size_t k) {
      dgamma.add(dy(n, c, i, j) * xhat[k]);
      dbeta.add(dy(n, c, i, j));
      dxhat[k] = dy(n, c, i, j);
      if (!affine.gamma.empty()) dxhat[k] = dxhat[k] * affine.gamma[static_cast<std::size_t>(c)];
    });
    result.dgamma.push_back(dgamma.total());
    result.dbeta.push_back(dbeta.total());
    const std::vector<Number> dset = normalize_backward(dxhat, set, eps);
    for_each_in_channel(
        x, [&](int n, int i, int j, std::size_t k) { result.dx(n, c, i, j) = dset[k]; });
  }
  return result;
}

template <class Number>
Array4<Number> batch_norm_evaluation(const Array4<Number>& x, const Affine<Number>& affine,
                                     const std::vector<Number>& mean,
                                     const std::vector<Number>& var, double eps) {
  using std::sqrt;
  Array4<Number> y = shaped_like<Number>(x);
  for (int c = 0; c < x.c; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const Number rstd = Number(1) / sqrt(var[channel] + Number(eps));
    for_each_in_channel(x, [&](int n, int i, int j, std::size_t) {
      y(n, c, i, j) = scale_and_shift((x(n, c, i, j) - mean[channel]) * rstd, affine, c);
    });
  }
  return y;
}

double running_mean(double running, double mean, double momentum) {
  return (1 - momentum) * running + momentum * mean;
}

double running_var(double running, double biased_var, double m, double momentum) {
  return (1 - momentum) * running + momentum * biased_var * m / (m - 1);
}

template BatchNorm<double> batch_norm(const Array4<double>&, const Affine<double>&, double);
template BatchNorm<Bounded> batch_norm(const Array4<Bounded>&, const Affine<Bounded>&, double);
template NormGradients<double> batch_norm_backward(const Array4<double>&, const Array4<double>&,
                                                   const Affine<double>&, double);
template NormGradients<Bounded> batch_norm_backward(const Array4<Bounded>&, const Array4<Bounded>&,
                                                    const Affine<Bounded>&, double);
template Array4<double> batch_norm_evaluation(const Array4<double>&, const Affine<double>&,
                                              const std::vector<double>&,
                                              const std::vector<double>&, double);
template Array4<Bounded> batch_norm_evaluation(const Array4<Bounded>&, const Affine<Bounded>&,
                                               const std::vector<Bounded>&,
                                               const std::vector<Bounded>&, double);

}  // namespace normlab::reference
