#include "normlab/kernels/group_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/group_norm.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/max_pool_windows-inl.h"
#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

struct Group {
  explicit Group(const GroupNormShape& shape)
      : channels(static_cast<std::size_t>(shape.shape.channels / shape.groups)),
        pixels(static_cast<std::size_t>(shape.shape.pixels())),
        channel(pixels * kLanes),
        m(static_cast<float>(channels * pixels)) {}

  std::size_t channels;  // in a group
  std::size_t pixels;
  std::size_t channel;  // floats of one channel of a tile
  float m;              // numbers in a group of one sample
};

// mean and rstd of one group, each [16].
HWY_INLINE void group_statistics(float* mean, float* rstd, const float* x, float eps,
                                 const Group& group) {
  HWY_ALIGN float sum[1][kLanes] = {};
  for (std::size_t c = 0; c < group.channels; ++c) {
    const float* channel = x + c * group.channel;
    sum_per_lane<1>(sum, group.pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      total[0] = hn::Add(total[0], load(channel + at));
    });
  }
  const Vector m = broadcast(group.m);
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    store(hn::Div(load(sum[0] + piece), m), mean + piece);
  }

  HWY_ALIGN float squares[1][kLanes] = {};
  for (std::size_t c = 0; c < group.channels; ++c) {
    const float* channel = x + c * group.channel;
    sum_per_lane<1>(squares, group.pixels,
                    [&](std::size_t at, std::size_t piece, Vector* total) HWY_ATTR {
                      const Vector deviation = hn::Sub(load(channel + at), load(mean + piece));
                      total[0] = hn::MulAdd(deviation, deviation, total[0]);
                    });
  }
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    const Vector variance = hn::Div(load(squares[0] + piece), m);
    const Vector one = broadcast(1.0f);
    store(hn::Div(one, hn::Sqrt(hn::Add(variance, broadcast(eps)))), rstd + piece);
  }
}

void group_norm_statistics(float* mean, float* rstd, const float* x, const GroupNormShape& shape) {
  const Group group(shape);
  for (int g = 0; g < shape.groups; ++g, mean += kLanes, rstd += kLanes) {
    group_statistics(mean, rstd, x, shape.eps, group);
    x += group.channels * group.channel;
  }
}

void group_norm_forward(float* y, float* mean, float* rstd, const float* x,
                        const GroupNormChannels& channels, const GroupNormShape& shape) {
  const Group group(shape);
  const bool with_relu = channels.relu;
  std::size_t c = 0;
  for (int g = 0; g < shape.groups; ++g, mean += kLanes, rstd += kLanes) {
    group_statistics(mean, rstd, x, shape.eps, group);
    for (std::size_t i = 0; i < group.channels; ++i, ++c, x += group.channel, y += group.channel) {
      const Vector scale = broadcast(channels.gamma ? channels.gamma[c] : 1.0f);
      const Vector shift = broadcast(channels.beta ? channels.beta[c] : 0.0f);
      Vector center[kPieces];
      Vector slope[kPieces];
      for (std::size_t p = 0; p < kPieces; ++p) {
        center[p] = load(mean + p * kPiece);
        slope[p] = hn::Mul(load(rstd + p * kPiece), scale);
      }
      for (std::size_t at = 0; at < group.channel;) {
        HWY_UNROLL(4)
        for (std::size_t p = 0; p < kPieces; ++p, at += kPiece) {
          const Vector deviation = hn::Sub(load(x + at), center[p]);
          const Vector normalized = hn::MulAdd(deviation, slope[p], shift);
          store(with_relu ? relu(normalized) : normalized, y + at);
        }
      }
    }
  }
}

void group_norm_max_pool_forward(const GroupNormMaxPoolOutputs& outputs, const float* x,
                                 const GroupNormChannels& channels, const GroupNormShape& shape,
                                 int side) {
  const Group group(shape);
  const Windows windows(shape.shape, side);
  std::size_t c = 0;
  for (int g = 0; g < shape.groups; ++g) {
    float* const mean = outputs.mean + g * kLanes;
    float* const rstd = outputs.rstd + g * kLanes;
    group_statistics(mean, rstd, x, shape.eps, group);
    for (std::size_t i = 0; i < group.channels; ++i, ++c, x += group.channel) {
      ChannelNorm norm;
      norm.gamma = channels.gamma ? channels.gamma[c] : 1.0f;
      norm.shift = channels.beta ? channels.beta[c] : 0.0f;
      norm.relu = channels.relu;
      for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
        store(load(mean + piece), norm.center + piece);
        store(hn::Mul(load(rstd + piece), broadcast(norm.gamma)), norm.slope + piece);
      }
      const std::size_t at = c * windows.count * kLanes;
      normalize_extremes(outputs.y + at, outputs.extremes + at, x, norm, windows);
    }
  }
}

// sum_group dy*gamma and sum_group dy*gamma*xhat, each [16].
struct GroupSums {
  HWY_ALIGN float g[kLanes] = {};
  HWY_ALIGN float gx[kLanes] = {};
};

// Of group `g`, from `count` numbers a channel that have a dy. Assigns dgamma and dbeta of its
// channels, if they are not null.
HWY_INLINE GroupSums group_sums(float* dgamma, float* dbeta, const GroupNormInputs& inputs, int g,
                                int lanes, std::size_t count, const Group& group) {
  GroupSums result;
  const float* const mean = inputs.mean + g * kLanes;
  const float* const rstd = inputs.rstd + g * kLanes;
  const std::size_t first = static_cast<std::size_t>(g) * group.channels;
  for (std::size_t c = first; c < first + group.channels; ++c) {
    const float* dy = inputs.dy + c * count * kLanes;
    const float* x = inputs.x + c * count * kLanes;
    HWY_ALIGN float sums[2][kLanes] = {};
    sum_per_lane<2>(sums, count, [&](std::size_t at, std::size_t piece, Vector* total) HWY_ATTR {
      const Vector upstream = load(dy + at);
      const Vector deviation = hn::Sub(load(x + at), load(mean + piece));
      total[0] = hn::Add(total[0], upstream);
      total[1] = hn::MulAdd(upstream, deviation, total[1]);
    });
    const Vector scale = broadcast(inputs.gamma ? inputs.gamma[c] : 1.0f);
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector sum_dy = load(sums[0] + piece);
      const Vector sum_dy_xhat = hn::Mul(load(sums[1] + piece), load(rstd + piece));
      store(sum_dy_xhat, sums[1] + piece);
      store(hn::MulAdd(scale, sum_dy, load(result.g + piece)), result.g + piece);
      store(hn::MulAdd(scale, sum_dy_xhat, load(result.gx + piece)), result.gx + piece);
    }
    if (dbeta) dbeta[c] = sum_over_lanes(sums[0], lanes);
    if (dgamma) dgamma[c] = sum_over_lanes(sums[1], lanes);
  }
  return result;
}

// What dx takes off gamma*rstd*dy: (x - mean) * slope + offset, from
// dx = rstd * (dy*gamma - (sum_group dy*gamma + xhat * sum_group dy*gamma*xhat) / m).
struct GroupTerms {
  Vector slope;
  Vector offset;
};
HWY_INLINE GroupTerms group_terms(const GroupSums& sums, Vector rstd, std::size_t piece,
                                  const Group& group) {
  const Vector m = broadcast(group.m);
  return {hn::Div(hn::Mul(hn::Mul(rstd, rstd), load(sums.gx + piece)), m),
          hn::Div(hn::Mul(rstd, load(sums.g + piece)), m)};
}

void group_norm_backward(float* dx, float* dgamma, float* dbeta, const GroupNormInputs& inputs,
                         int lanes, const GroupNormShape& shape) {
  const Group group(shape);
  for (int g = 0; g < shape.groups; ++g) {
    const GroupSums sums = group_sums(dgamma, dbeta, inputs, g, lanes, group.pixels, group);
    const std::size_t first = static_cast<std::size_t>(g) * group.channels;
    Vector mean[kPieces];
    Vector rstd[kPieces];
    Vector slope[kPieces];
    Vector offset[kPieces];
    for (std::size_t p = 0; p < kPieces; ++p) {
      mean[p] = load(inputs.mean + g * kLanes + p * kPiece);
      rstd[p] = load(inputs.rstd + g * kLanes + p * kPiece);
      const GroupTerms terms = group_terms(sums, rstd[p], p * kPiece, group);
      slope[p] = terms.slope;
      offset[p] = terms.offset;
    }
    for (std::size_t c = first; c < first + group.channels; ++c) {
      const Vector gamma = broadcast(inputs.gamma ? inputs.gamma[c] : 1.0f);
      Vector scale[kPieces];
      for (std::size_t p = 0; p < kPieces; ++p) scale[p] = hn::Mul(rstd[p], gamma);
      const std::size_t end = (c + 1) * group.channel;
      for (std::size_t at = c * group.channel; at < end;) {
        HWY_UNROLL(4)
        for (std::size_t p = 0; p < kPieces; ++p, at += kPiece) {
          const Vector x = load(inputs.x + at);
          const Vector group_share = hn::MulAdd(hn::Sub(x, mean[p]), slope[p], offset[p]);
          const Vector gradient = hn::MulSub(scale[p], load(inputs.dy + at), group_share);
          store(inputs.after_relu ? relu_gradient(gradient, x) : gradient, dx + at);
        }
      }
    }
  }
}

void group_norm_max_pool_backward(float* dx, float* dgamma, float* dbeta,
                                  const GroupNormMaxPoolInputs& inputs, int lanes,
                                  const GroupNormShape& shape) {
  const Group group(shape);
  const Windows windows(shape.shape, inputs.side);
  // Only the extremes have a dy.
  GroupNormInputs extremes = inputs.norm;
  extremes.x = inputs.extremes;
  for (int g = 0; g < shape.groups; ++g) {
    const GroupSums sums = group_sums(dgamma, dbeta, extremes, g, lanes, windows.count, group);
    const std::size_t first = static_cast<std::size_t>(g) * group.channels;
    for (std::size_t c = first; c < first + group.channels; ++c) {
      ChannelGradient gradient;
      gradient.after_relu = inputs.norm.after_relu;
      const Vector gamma = broadcast(inputs.norm.gamma ? inputs.norm.gamma[c] : 1.0f);
      for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
        const Vector rstd = load(inputs.norm.rstd + g * kLanes + piece);
        const GroupTerms terms = group_terms(sums, rstd, piece, group);
        store(load(inputs.norm.mean + g * kLanes + piece), gradient.center + piece);
        store(hn::Mul(rstd, gamma), gradient.scale + piece);
        store(terms.slope, gradient.slope + piece);
        store(terms.offset, gradient.offset + piece);
      }
      const std::size_t at = c * windows.count * kLanes;
      spread_gradient(dx + c * group.channel, inputs.norm.dy + at,
                      inputs.norm.x + c * group.channel, inputs.extremes + at, gradient, windows);
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(group_norm_statistics);
HWY_EXPORT(group_norm_forward);
HWY_EXPORT(group_norm_backward);
HWY_EXPORT(group_norm_max_pool_forward);
HWY_EXPORT(group_norm_max_pool_backward);
}  // namespace

void group_norm_statistics(float* mean, float* rstd, const float* x, const GroupNormShape& shape) {
  HWY_DYNAMIC_DISPATCH(group_norm_statistics)(mean, rstd, x, shape);
}

void group_norm_forward(float* y, float* mean, float* rstd, const float* x,
                        const GroupNormChannels& channels, const GroupNormShape& shape) {
  HWY_DYNAMIC_DISPATCH(group_norm_forward)(y, mean, rstd, x, channels, shape);
}

void group_norm_backward(float* dx, float* dgamma, float* dbeta, const GroupNormInputs& inputs,
                         int lanes, const GroupNormShape& shape) {
  HWY_DYNAMIC_DISPATCH(group_norm_backward)(dx, dgamma, dbeta, inputs, lanes, shape);
}

void group_norm_max_pool_forward(const GroupNormMaxPoolOutputs& outputs, const float* x,
                                 const GroupNormChannels& channels, const GroupNormShape& shape,
                                 int side) {
  HWY_DYNAMIC_DISPATCH(group_norm_max_pool_forward)(outputs, x, channels, shape, side);
}

void group_norm_max_pool_backward(float* dx, float* dgamma, float* dbeta,
                                  const GroupNormMaxPoolInputs& inputs, int lanes,
                                  const GroupNormShape& shape) {
  HWY_DYNAMIC_DISPATCH(group_norm_max_pool_backward)(dx, dgamma, dbeta, inputs, lanes, shape);
}

}  // namespace normlab
#endif  // HWY_ONCE
