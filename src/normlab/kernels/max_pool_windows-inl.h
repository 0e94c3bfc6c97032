// A norm and the max pool after it, done together on one channel of a tile: what group and batch
// norm share. Included once per instruction set, inside Highway's foreach_target.
//
// y = (x - center) * slope + shift grows with x if gamma is above 0 and falls if it is below, also
// after rounding. So the largest y of a window comes from the window's largest x, or its smallest,
// and only that number is normalized: the windows' "extremes", which the backward reads as well.
#if defined(NORMLAB_KERNELS_MAX_POOL_WINDOWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_MAX_POOL_WINDOWS_INL_H_
#undef NORMLAB_KERNELS_MAX_POOL_WINDOWS_INL_H_
#else
#define NORMLAB_KERNELS_MAX_POOL_WINDOWS_INL_H_
#endif

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// Windows of side x side numbers, side by side, on one channel. Rows and columns that are left over
// at the bottom and on the right belong to none.
struct Windows {
  Windows(const Shape& shape, int window_side)
      : side(static_cast<std::size_t>(window_side)),
        rows(static_cast<std::size_t>(shape.height) / side),
        columns(static_cast<std::size_t>(shape.width) / side),
        count(rows * columns),
        x_row(static_cast<std::size_t>(shape.width) * kLanes),
        y_row(columns * kLanes),
        channel(static_cast<std::size_t>(shape.height) * x_row) {}

  std::size_t side;
  std::size_t rows;
  std::size_t columns;
  std::size_t count;    // of a channel
  std::size_t x_row;    // floats of one row of x
  std::size_t y_row;    // and of y
  std::size_t channel;  // floats of one channel of x
};

// y = (x - center) * slope + shift, where slope is gamma's multiple.
struct ChannelNorm {
  HWY_ALIGN float center[kLanes];
  HWY_ALIGN float slope[kLanes];
  float shift;
  float gamma;
  bool relu;  // y = max(y, 0)
};

// dx = scale * dy - (x - center) * slope - offset.
struct ChannelGradient {
  HWY_ALIGN float center[kLanes];
  HWY_ALIGN float scale[kLanes];
  HWY_ALIGN float slope[kLanes];
  HWY_ALIGN float offset[kLanes];
  bool after_relu;  // dx = 0 where x is not above 0
};

// 1, 0 or -1: windows are compared by this multiple of x. With gamma 0 all y are equal, and the
// first number of a window is its extreme.
HWY_INLINE float sign(float gamma) {
  return static_cast<float>(gamma > 0.0f) - static_cast<float>(gamma < 0.0f);
}

// The windows' extremes and their y. kSide is the windows' side if it is known, 0 if not.
template <std::size_t kSide>
HWY_NOINLINE void normalize_extremes(float* y, float* extremes, const float* x,
                                     const ChannelNorm& norm, const Windows& windows) {
  const std::size_t side = kSide > 0 ? kSide : windows.side;
  const Vector direction = broadcast(sign(norm.gamma));
  const Vector shift = broadcast(norm.shift);
  const bool with_relu = norm.relu;
  for (std::size_t i = 0; i < windows.rows; ++i) {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector center = load(norm.center + piece);
      const Vector slope = load(norm.slope + piece);
      const float* window = x + i * side * windows.x_row + piece;
      std::size_t at = i * windows.y_row + piece;
      for (std::size_t j = 0; j < windows.columns; ++j, window += side * kLanes, at += kLanes) {
        Vector extreme = load(window);
        for (std::size_t ky = 0; ky < side; ++ky) {
          for (std::size_t kx = ky == 0 ? 1 : 0; kx < side; ++kx) {
            const Vector value = load(window + ky * windows.x_row + kx * kLanes);
            const auto beyond = hn::Gt(hn::Mul(direction, value), hn::Mul(direction, extreme));
            // A NaN wins and stays, as in a max pool by itself.
            extreme = hn::IfThenElse(hn::Or(beyond, hn::IsNaN(value)), value, extreme);
          }
        }
        store(extreme, extremes + at);
        const Vector normalized = hn::MulAdd(hn::Sub(extreme, center), slope, shift);
        store(with_relu ? relu(normalized) : normalized, y + at);
      }
    }
  }
}

HWY_INLINE void normalize_extremes(float* y, float* extremes, const float* x,
                                   const ChannelNorm& norm, const Windows& windows) {
  const auto normalize = windows.side == 2 ? normalize_extremes<2> : normalize_extremes<0>;
  normalize(y, extremes, x, norm, windows);
}

// dx of one channel, where dy belongs to the first number of each window that equals its extreme.
template <std::size_t kSide, bool kAfterRelu>
HWY_NOINLINE void spread_gradient(float* dx, const float* dy, const float* x, const float* extremes,
                                  const ChannelGradient& gradient, const Windows& windows) {
  const std::size_t side = kSide > 0 ? kSide : windows.side;
  const std::size_t x_rows = windows.channel / windows.x_row;
  for (std::size_t row = 0; row < x_rows; row += side) {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const Vector center = load(gradient.center + piece);
      const Vector scale = load(gradient.scale + piece);
      const Vector slope = load(gradient.slope + piece);
      const Vector offset = load(gradient.offset + piece);
      const Vector no_share = hn::Neg(offset);
      // dx = share - (x - center) * slope, where share = scale * dy - offset of some dy or none.
      const auto assign = [&](std::size_t at, Vector value, Vector share) HWY_ATTR {
        const Vector result = hn::NegMulAdd(hn::Sub(value, center), slope, share);
        store(kAfterRelu ? relu_gradient(result, value) : result, dx + at);
      };
      const bool has_windows = row + side <= x_rows;
      if (has_windows) {
        std::size_t window = row * windows.x_row + piece;
        std::size_t at = row / side * windows.y_row + piece;
        for (std::size_t j = 0; j < windows.columns; ++j, window += side * kLanes, at += kLanes) {
          const Vector extreme = load(extremes + at);
          Vector share = hn::MulSub(scale, load(dy + at), offset);  // no_share once given away
          for (std::size_t ky = 0; ky < side; ++ky) {
            for (std::size_t kx = 0; kx < side; ++kx) {
              const std::size_t here = window + ky * windows.x_row + kx * kLanes;
              const Vector value = load(x + here);
              const auto first = hn::Eq(value, extreme);
              assign(here, value, hn::IfThenElse(first, share, no_share));
              share = hn::IfThenElse(first, no_share, share);
            }
          }
        }
      }
      // What belongs to no window: on the right, and the last rows.
      const std::size_t left_over = has_windows ? side * windows.y_row : 0;
      for (std::size_t i = row; i < HWY_MIN(row + side, x_rows); ++i) {
        const std::size_t end = (i + 1) * windows.x_row;
        for (std::size_t at = i * windows.x_row + left_over + piece; at < end; at += kLanes) {
          assign(at, load(x + at), no_share);
        }
      }
    }
  }
}

HWY_INLINE void spread_gradient(float* dx, const float* dy, const float* x, const float* extremes,
                                const ChannelGradient& gradient, const Windows& windows) {
  const bool pairs = windows.side == 2;
  const auto spread = gradient.after_relu
                          ? (pairs ? spread_gradient<2, true> : spread_gradient<0, true>)
                          : (pairs ? spread_gradient<2, false> : spread_gradient<0, false>);
  spread(dx, dy, x, extremes, gradient, windows);
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_MAX_POOL_WINDOWS_INL_H_
