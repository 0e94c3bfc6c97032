#include "normlab/kernels/conv2d_bf16.h"

#include <algorithm>

#include "normlab/kernels/conv2d_bf16_layout.h"
#include "normlab/kernels/flush_denormals.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/conv2d_bf16.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/bf16_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// The source as pairs of channels, with zeros around it.
template <class Unit>
void fill_image(float* image, const Conv2dInput& x, const Bf16Correlation& c) {
  const std::size_t pixel = c.pixel();
  const std::size_t row_size = static_cast<std::size_t>(c.width()) * pixel;
  const std::size_t channel = tile_offset(c.source, 1, 0, 0);
  const int first = std::max(0, -c.first_column);  // columns of the source that are there
  const int end = std::min(c.source.width, c.width() - c.first_column);
  const bool channels_fill_pairs = c.source.channels > 2 * c.pairs() - 2;
  for (int row = 0; row < c.height(); ++row, image += row_size) {
    const int i = row - c.first_row;
    const bool there = i >= 0 && i < c.source.height && first < end;
    const bool full = there && channels_fill_pairs;
    const auto left = static_cast<std::size_t>(full ? first + c.first_column : 0);
    const auto right = static_cast<std::size_t>(full ? end + c.first_column : 0);
    std::fill(image, image + left * pixel, 0.0f);
    std::fill(image + right * pixel, image + row_size, 0.0f);
    if (!there) continue;
    float* to = image + static_cast<std::size_t>(first + c.first_column) * pixel;
    const float* const from = x.x + tile_offset(c.source, 0, i, first);
    for (int k = 0; k < c.source.channels; k += 2, to += kLanes) {
      const float* const norm =
          x.norm ? x.norm + static_cast<std::size_t>(k) * 3 * kLanes : nullptr;
      Bf16Source a{from + static_cast<std::size_t>(k) * channel, norm};
      Bf16Source b{k + 1 < c.source.channels ? a.x + channel : nullptr,
                   norm ? norm + 3 * kLanes : nullptr};
      float* pair = to;
      for (int j = first; j < end; ++j, a.x += kLanes, pair += pixel) {
        Unit::pair_channels(pair, a, b);
        if (b.x) b.x += kLanes;
      }
    }
  }
}

// The sums [count][rows][16] of neighbouring outputs of several channels, and where these begin.
struct Bf16Block {
  const float* sums;
  std::size_t at;
  int count;
  int rows;
};

HWY_INLINE void finish_block(float* y, const Bf16Block& block, const float* bias, const Shape& out,
                             const Bf16Ends& ends) {
  const std::size_t channel = tile_offset(out, 1, 0, 0);
  const std::size_t apart = static_cast<std::size_t>(block.rows) * kLanes;
  std::size_t to = block.at;
  for (int m = 0; m < block.rows; ++m, to += channel) {
    const float* sum = block.sums + static_cast<std::size_t>(m) * kLanes;
    for (int p = 0; p < block.count; ++p, sum += apart) {
      for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
        const std::size_t at = to + static_cast<std::size_t>(p) * kLanes + piece;
        Vector value = load(sum + piece);
        if (bias) value = hn::Add(value, broadcast(bias[m]));
        if (ends.relu) value = relu(value);
        if (ends.relu_output) value = relu_gradient(value, load(ends.relu_output + at));
        store(value, y + at);
      }
    }
  }
}

// How a correlation steps through its image and its weights, in floats. Found once: chunk()
// divides.
struct Bf16Steps {
  explicit Bf16Steps(const Bf16Correlation& c)
      : kernel_height(c.kernel_height),
        chunks(c.chunks()),
        chunk(static_cast<std::size_t>(c.chunk())),
        image_row(static_cast<std::size_t>(c.width()) * c.pixel()),
        pixel(c.pixel()) {}

  int kernel_height;
  int chunks;
  std::size_t chunk;
  std::size_t image_row;
  std::size_t pixel;
};

// The products of a block of outputs, whose taps begin at `corner`.
template <int kCount, class Unit>
HWY_INLINE void multiply_block(Unit& unit, const float* corner, const float* packed, int rows,
                               const Bf16Steps& steps) {
  const std::size_t matrix = steps.chunk * static_cast<std::size_t>(rows);
  unit.template clear<kCount>();
  for (int ky = 0; ky < steps.kernel_height; ++ky, corner += steps.image_row) {
    const float* right = corner;
    for (int k = 0; k < steps.chunks; ++k, right += steps.chunk * kLanes, packed += matrix) {
      const float* const rights[] = {right, right + steps.pixel, right + 2 * steps.pixel,
                                     right + 3 * steps.pixel};
      unit.template add<kCount>({packed, steps.chunk}, rights, kLanes);
    }
  }
}

// A block is finished while the unit multiplies for the next one.
template <class Unit>
void correlate_bf16(Unit& unit, float* y, const float* image, const float* packed,
                    const Bf16Correlation& c, const Bf16Ends& ends) {
  const Bf16Steps steps(c);
  for (int first = 0; first < c.out.channels; first += kProductRows) {
    const int rows = std::min(kProductRows, c.out.channels - first);
    const float* const bias = ends.bias ? ends.bias + first : nullptr;
    HWY_ALIGN float sums[2][kProductSums * kProductRows * kLanes];
    Bf16Block before{};
    int turn = 0;
    unit.begin({rows, kLanes, c.chunk()});
    for (int i = 0; i < c.out.height; ++i) {
      for (int j = 0; j < c.out.width; j += kProductSums, turn = 1 - turn) {
        const int count = std::min(kProductSums, c.out.width - j);
        const float* const corner = image + static_cast<std::size_t>(i) * steps.image_row +
                                    static_cast<std::size_t>(j) * steps.pixel;
        with_count(count, [&](auto known) HWY_ATTR {
          constexpr int kCount = decltype(known)::value;
          multiply_block<kCount>(unit, corner, packed, rows, steps);
          finish_block(y, before, bias, c.out, ends);
          unit.template take<kCount>(sums[turn]);
        });
        before = {sums[turn], tile_offset(c.out, first, i, j), count, rows};
      }
    }
    finish_block(y, before, bias, c.out, ends);
    packed += c.packed_row() * static_cast<std::size_t>(rows);
  }
  unit.end();
}

void convolve_bf16(float* y, float* scratch, const Conv2dInput& x, const float* packed,
                   const Bf16Correlation& c, const Bf16Ends& ends) {
  with_unit([&](auto& unit) HWY_ATTR {
    fill_image<std::remove_reference_t<decltype(unit)>>(scratch, x, c);
    correlate_bf16(unit, y, scratch, packed, c, ends);
  });
}

// weight(output, channel, ky, kx) of a correlation.
template <class Weight>
void pack_bf16(float* packed, const Bf16Correlation& c, const Weight& weight) {
  const int pairs = c.pairs();
  const int chunk = c.chunk();
  for (int first = 0; first < c.out.channels; first += kProductRows) {
    const int rows = std::min(kProductRows, c.out.channels - first);
    for (int ky = 0; ky < c.kernel_height; ++ky) {
      for (int k = 0; k < c.chunks(); ++k) {
        for (int m = first; m < first + rows; ++m, packed += chunk) {
          HWY_ALIGN float a[kLanes] = {};
          HWY_ALIGN float b[kLanes] = {};
          for (int p = 0; p < chunk; ++p) {
            const int kx = (k * chunk + p) / pairs;
            const int from = 2 * ((k * chunk + p) % pairs);
            if (from < c.source.channels) a[p] = weight(m, from, ky, kx);
            if (from + 1 < c.source.channels) b[p] = weight(m, from + 1, ky, kx);
          }
          for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
            store(pair_bf16(load(a + piece), load(b + piece)), a + piece);
          }
          for (int p = 0; p < chunk; ++p) copy_bits(packed + p, a + p);
        }
      }
    }
  }
}

void conv2d_bf16_pack_forward(float* packed, const float* w, const Conv2dShape& shape) {
  pack_bf16(packed, Bf16Correlation::forward(shape), [&](int o, int c, int ky, int kx) {
    return w[((o * shape.input.channels + c) * shape.kernel_height + ky) * shape.kernel_width + kx];
  });
}

void conv2d_bf16_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape) {
  pack_bf16(packed, Bf16Correlation::backward_input(shape), [&](int c, int o, int ky, int kx) {
    const int tap_row = shape.kernel_height - 1 - ky;  // turned by 180 degrees
    const int tap_column = shape.kernel_width - 1 - kx;
    return w[((o * shape.input.channels + c) * shape.kernel_height + tap_row) * shape.kernel_width +
             tap_column];
  });
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(convolve_bf16);
HWY_EXPORT(conv2d_bf16_pack_forward);
HWY_EXPORT(conv2d_bf16_pack_backward_input);
}  // namespace

bool conv2d_bf16_fits(const Conv2dShape& shape) {
  return shape.stride == 1 && shape.input.channels >= 4 && shape.out_channels >= 4;
}

std::size_t conv2d_bf16_packed(const Conv2dShape& shape) {
  return std::max(Bf16Correlation::forward(shape).packed(),
                  Bf16Correlation::backward_input(shape).packed());
}

std::size_t conv2d_bf16_scratch(const Conv2dShape& shape) {
  const Bf16WeightGradient gradient{shape};
  return std::max({Bf16Correlation::forward(shape).image(),
                   Bf16Correlation::backward_input(shape).image(), gradient.x() + gradient.dy()});
}

void conv2d_bf16_pack_forward(float* packed, const float* w, const Conv2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(conv2d_bf16_pack_forward)(packed, w, shape);
}

void conv2d_bf16_pack_backward_input(float* packed, const float* w, const Conv2dShape& shape) {
  HWY_DYNAMIC_DISPATCH(conv2d_bf16_pack_backward_input)(packed, w, shape);
}

void conv2d_bf16_forward(float* y, float* scratch, const Conv2dInput& x,
                         const float* packed_forward, const float* bias, const Conv2dShape& shape,
                         const Conv2dOptions& options) {
  const FlushDenormals flush;
  HWY_DYNAMIC_DISPATCH(convolve_bf16)
  (y, scratch, x, packed_forward, Bf16Correlation::forward(shape),
   {.bias = bias, .relu = options.relu});
}

void conv2d_bf16_backward_input(float* dx, float* scratch, const float* dy,
                                const float* packed_backward_input, const Conv2dShape& shape,
                                const Conv2dOptions& options) {
  const FlushDenormals flush;
  HWY_DYNAMIC_DISPATCH(convolve_bf16)
  (dx, scratch, dy, packed_backward_input, Bf16Correlation::backward_input(shape),
   {.relu_output = options.relu_output});
}

}  // namespace normlab
#endif  // HWY_ONCE
