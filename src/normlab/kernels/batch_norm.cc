#include "normlab/kernels/batch_norm.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/batch_norm.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/max_pool_windows-inl.h"
#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// In double and in lane order: one number per channel and tile, so the cost is nothing.
HWY_INLINE double sum_over_lanes_in_double(const float* vector, int lanes) {
  double sum = 0;
  for (int lane = 0; lane < lanes; ++lane) sum += static_cast<double>(vector[lane]);
  return sum;
}

void batch_norm_moments(std::span<Moments> moments, const float* x, int lanes, const Shape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.pixels());
  const double count = static_cast<double>(pixels) * lanes;
  for (Moments& channel : moments) {
    HWY_ALIGN float sum[1][kLanes] = {};
    sum_per_lane<1>(sum, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      total[0] = hn::Add(total[0], load(x + at));
    });
    const float rough_mean = static_cast<float>(sum_over_lanes_in_double(sum[0], lanes) / count);

    // Around the rounded mean; the second sum takes back what its rounding cost.
    HWY_ALIGN float deviations[2][kLanes] = {};
    const Vector center = broadcast(rough_mean);
    sum_per_lane<2>(deviations, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      const Vector deviation = hn::Sub(load(x + at), center);
      total[0] = hn::MulAdd(deviation, deviation, total[0]);
      total[1] = hn::Add(total[1], deviation);
    });
    const double squares = sum_over_lanes_in_double(deviations[0], lanes);
    const double rest = sum_over_lanes_in_double(deviations[1], lanes);
    channel.count = count;
    channel.mean = static_cast<double>(rough_mean) + rest / count;
    channel.squares = squares - rest * rest / count;
    x += pixels * kLanes;
  }
}

void batch_norm_forward(float* y, const float* x, const BatchNormChannels& channels,
                        const Shape& shape) {
  const std::size_t channel = static_cast<std::size_t>(shape.pixels()) * kLanes;
  const bool with_relu = channels.relu;
  for (int c = 0; c < shape.channels; ++c, x += channel, y += channel) {
    const Vector center = broadcast(channels.mean[c]);
    const Vector slope = broadcast((channels.gamma ? channels.gamma[c] : 1.0f) * channels.rstd[c]);
    const Vector shift = broadcast(channels.beta ? channels.beta[c] : 0.0f);
    for (std::size_t at = 0; at < channel; at += kPiece) {
      const Vector normalized = hn::MulAdd(hn::Sub(load(x + at), center), slope, shift);
      store(with_relu ? relu(normalized) : normalized, y + at);
    }
  }
}

void batch_norm_backward_parameters(float* dgamma, float* dbeta, const BatchNormInputs& inputs,
                                    int lanes, const Shape& shape) {
  const std::size_t pixels = static_cast<std::size_t>(shape.pixels());
  const float* dy = inputs.dy;
  const float* x = inputs.x;
  for (int c = 0; c < shape.channels; ++c, dy += pixels * kLanes, x += pixels * kLanes) {
    HWY_ALIGN float sums[2][kLanes] = {};
    const Vector center = broadcast(inputs.mean[c]);
    sum_per_lane<2>(sums, pixels, [&](std::size_t at, std::size_t, Vector* total) HWY_ATTR {
      const Vector upstream = load(dy + at);
      total[0] = hn::Add(total[0], upstream);
      total[1] = hn::MulAdd(upstream, hn::Sub(load(x + at), center), total[1]);
    });
    dbeta[c] = sum_over_lanes(sums[0], lanes);
    dgamma[c] = sum_over_lanes(sums[1], lanes) * inputs.rstd[c];
  }
}

void batch_norm_backward_input(float* dx, const BatchNormInputs& inputs, const float* dgamma,
                               const float* dbeta, double count, const Shape& shape) {
  const std::size_t channel = static_cast<std::size_t>(shape.pixels()) * kLanes;
  const float* dy = inputs.dy;
  const float* x = inputs.x;
  for (int c = 0; c < shape.channels; ++c, dy += channel, x += channel, dx += channel) {
    // dx = gamma * rstd * (dy - (dbeta + xhat * dgamma) / count), xhat = (x - mean) * rstd
    const double rstd = static_cast<double>(inputs.rstd[c]);
    const Vector center = broadcast(inputs.mean[c]);
    const Vector scale = broadcast((inputs.gamma ? inputs.gamma[c] : 1.0f) * inputs.rstd[c]);
    const Vector offset = broadcast(static_cast<float>(static_cast<double>(dbeta[c]) / count));
    const Vector slope =
        broadcast(static_cast<float>(static_cast<double>(dgamma[c]) * rstd / count));
    for (std::size_t at = 0; at < channel; at += kPiece) {
      const Vector value = load(x + at);
      const Vector batch_terms = hn::MulAdd(hn::Sub(value, center), slope, offset);
      const Vector gradient = hn::Mul(scale, hn::Sub(load(dy + at), batch_terms));
      store(inputs.after_relu ? relu_gradient(gradient, value) : gradient, dx + at);
    }
  }
}

void batch_norm_max_pool_forward(float* y, float* extremes, const float* x,
                                 const BatchNormChannels& channels, const Shape& shape, int side) {
  const Windows windows(shape, side);
  const std::size_t step = windows.count * kLanes;
  for (int c = 0; c < shape.channels; ++c, x += windows.channel, y += step, extremes += step) {
    ChannelNorm norm;
    norm.gamma = channels.gamma ? channels.gamma[c] : 1.0f;
    norm.shift = channels.beta ? channels.beta[c] : 0.0f;
    norm.relu = channels.relu;
    std::fill_n(norm.center, kLanes, channels.mean[c]);
    std::fill_n(norm.slope, kLanes, norm.gamma * channels.rstd[c]);
    normalize_extremes(y, extremes, x, norm, windows);
  }
}

void batch_norm_max_pool_backward_input(float* dx, const BatchNormMaxPoolInputs& inputs,
                                        const float* dgamma, const float* dbeta, double count,
                                        const Shape& shape) {
  const Windows windows(shape, inputs.side);
  for (int c = 0; c < shape.channels; ++c) {
    const double rstd = static_cast<double>(inputs.norm.rstd[c]);
    const float scale = (inputs.norm.gamma ? inputs.norm.gamma[c] : 1.0f) * inputs.norm.rstd[c];
    const double share = static_cast<double>(scale) / count;
    ChannelGradient gradient;
    gradient.after_relu = inputs.norm.after_relu;
    std::fill_n(gradient.center, kLanes, inputs.norm.mean[c]);
    std::fill_n(gradient.scale, kLanes, scale);
    std::fill_n(gradient.slope, kLanes,
                static_cast<float>(share * rstd * static_cast<double>(dgamma[c])));
    std::fill_n(gradient.offset, kLanes, static_cast<float>(share * static_cast<double>(dbeta[c])));
    const std::size_t x_at = static_cast<std::size_t>(c) * windows.channel;
    const std::size_t y_at = static_cast<std::size_t>(c) * windows.count * kLanes;
    spread_gradient(dx + x_at, inputs.norm.dy + y_at, inputs.norm.x + x_at, inputs.extremes + y_at,
                    gradient, windows);
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(batch_norm_moments);
HWY_EXPORT(batch_norm_forward);
HWY_EXPORT(batch_norm_backward_parameters);
HWY_EXPORT(batch_norm_backward_input);
HWY_EXPORT(batch_norm_max_pool_forward);
HWY_EXPORT(batch_norm_max_pool_backward_input);
}  // namespace

Moments Moments::merged_with(const Moments& other) const {
  if (count == 0) return other;
  if (other.count == 0) return *this;
  const double total = count + other.count;
  const double difference = other.mean - mean;
  return {total, mean + difference * (other.count / total),
          squares + other.squares + difference * difference * (count * other.count / total)};
}

void batch_norm_moments(std::span<Moments> moments, const float* x, int lanes, const Shape& shape) {
  HWY_DYNAMIC_DISPATCH(batch_norm_moments)(moments, x, lanes, shape);
}

void batch_norm_forward(float* y, const float* x, const BatchNormChannels& channels,
                        const Shape& shape) {
  HWY_DYNAMIC_DISPATCH(batch_norm_forward)(y, x, channels, shape);
}

void batch_norm_backward_parameters(float* dgamma, float* dbeta, const BatchNormInputs& inputs,
                                    int lanes, const Shape& shape) {
  HWY_DYNAMIC_DISPATCH(batch_norm_backward_parameters)(dgamma, dbeta, inputs, lanes, shape);
}

void batch_norm_backward_input(float* dx, const BatchNormInputs& inputs, const float* dgamma,
                               const float* dbeta, double count, const Shape& shape) {
  HWY_DYNAMIC_DISPATCH(batch_norm_backward_input)(dx, inputs, dgamma, dbeta, count, shape);
}

void batch_norm_max_pool_forward(float* y, float* extremes, const float* x,
                                 const BatchNormChannels& channels, const Shape& shape, int side) {
  HWY_DYNAMIC_DISPATCH(batch_norm_max_pool_forward)(y, extremes, x, channels, shape, side);
}

void batch_norm_max_pool_backward_input(float* dx, const BatchNormMaxPoolInputs& inputs,
                                        const float* dgamma, const float* dbeta, double count,
                                        const Shape& shape) {
  HWY_DYNAMIC_DISPATCH(batch_norm_max_pool_backward_input)
  (dx, inputs, dgamma, dbeta, count, shape);
}

}  // namespace normlab
#endif  // HWY_ONCE
