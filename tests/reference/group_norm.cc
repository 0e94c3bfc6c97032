#include "reference/group_norm.h"

#include "reference/normalize.h"

namespace normlab::reference {
namespace {

// The numbers of one sample and group, channel by channel.
template <class Number>
std::vector<Number> gather(const Array4<Number>& x, int n, int group, int groups) {
  const int channels = x.c / groups;
  std::vector<Number> set;
  for (int c = group * channels; c < (group + 1) * channels; ++c) {
    for (int i = 0; i < x.h; ++i) {
      for (int j = 0; j < x.w; ++j) set.push_back(x(n, c, i, j));
    }
  }
  return set;
}

// Calls visit(c, i, j, k) for each number of the group, k counting as gather() does.
template <class Number, class Visit>
void for_each_in_group(const Array4<Number>& x, int group, int groups, const Visit& visit) {
  const int channels = x.c / groups;
  std::size_t k = 0;
  for (int c = group * channels; c < (group + 1) * channels; ++c) {
    for (int i = 0; i < x.h; ++i) {
      for (int j = 0; j < x.w; ++j) visit(c, i, j, k++);
    }
  }
}

}  // namespace

template <class Number>
GroupNorm<Number> group_norm(const Array4<Number>& x, const Affine<Number>& affine, int groups,
                             double eps) {
  GroupNorm<Number> result{x, Array4<Number>(x.n, groups, 1, 1), Array4<Number>(x.n, groups, 1, 1)};
  for (int n = 0; n < x.n; ++n) {
    for (int group = 0; group < groups; ++group) {
      const Normalized<Number> set = normalize(gather(x, n, group, groups), eps);
      result.mean(n, group, 0, 0) = set.mean;
      result.rstd(n, group, 0, 0) = set.rstd;
      for_each_in_group(x, group, groups, [&](int c, int i, int j, std::size_t k) {
        const auto channel = static_cast<std::size_t>(c);
        Number& y = result.y(n, c, i, j);
        y = set.xhat[k];
        if (!affine.gamma.empty()) y = affine.gamma[channel] * y;
        if (!affine.beta.empty()) y = y + affine.beta[channel];
      });
    }
  }
  return result;
}

template <class Number>
NormGradients<Number> group_norm_backward(const Array4<Number>& dy, const Array4<Number>& x,
                                          const Affine<Number>& affine, int groups, double eps) {
  Array4<Number> dx = shaped_like<Number>(x);
  std::vector<Sum<Number>> dgamma(static_cast<std::size_t>(x.c));
  std::vector<Sum<Number>> dbeta(static_cast<std::size_t>(x.c));
  for (int n = 0; n < x.n; ++n) {
    for (int group = 0; group < groups; ++group) {
      const std::vector<Number> set = gather(x, n, group, groups);
      const std::vector<Number> xhat = normalize(set, eps).xhat;
      std::vector<Number> dxhat(set.size());
      for_each_in_group(x, group, groups, [&](int c, int i, int j, std::size_t k) {
        const auto channel = static_cast<std::size_t>(c);
        dgamma[channel].add(dy(n, c, i, j) * xhat[k]);
        dbeta[channel].add(dy(n, c, i, j));
        dxhat[k] = dy(n, c, i, j);
        if (!affine.gamma.empty()) dxhat[k] = dxhat[k] * affine.gamma[channel];
      });
      const std::vector<Number> dset = normalize_backward(dxhat, set, eps);
      for_each_in_group(x, group, groups,
                        [&](int c, int i, int j, std::size_t k) { dx(n, c, i, j) = dset[k]; });
    }
  }
  return {dx, totals(dgamma), totals(dbeta)};
}

template GroupNorm<double> group_norm(const Array4<double>&, const Affine<double>&, int, double);
template GroupNorm<Bounded> group_norm(const Array4<Bounded>&, const Affine<Bounded>&, int, double);
template NormGradients<double> group_norm_backward(const Array4<double>&, const Array4<double>&,
                                                   const Affine<double>&, int, double);
template NormGradients<Bounded> group_norm_backward(const Array4<Bounded>&, const Array4<Bounded>&,
                                                    const Affine<Bounded>&, int, double);

}  // namespace normlab::reference
