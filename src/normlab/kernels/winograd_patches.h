// How Winograd's F(4x4,3x3) goes through an image: patches of 4x4 numbers that cover it row by row,
// of which those at the last row and column may stick out; and, where the convolution has a stride,
// phases.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "normlab/kernels/conv2d.h"
#include "normlab/kernels/winograd_constants.h"
#include "normlab/tensor/tiles.h"

namespace normlab {

inline constexpr int kWinogradPositions = kWinogradInputs * kWinogradInputs;
inline constexpr int kWinogradSquare = kWinogradTaps * kWinogradTaps;
inline constexpr int kWinogradLargestStride = 8;  // with which patches are convolved

// A convolution with stride s is a sum of s*s without one, each of a phase of x: the pixels whose
// row (and column) plus padding leaves the same remainder by s, with the taps that meet them. The
// phases of x are as many times more channels, and the output has one phase.
//
// Row i of a phase is row step * i + shift + the phase's own remainder of the image.
struct WinogradGrid {
  Shape image;
  int step;
  int shift;

  int phases() const { return step * step; }
  int channels() const { return image.channels * phases(); }  // phase by phase
  int row(int i, int phase) const { return step * i + shift + phase / step; }
  int column(int j, int phase) const { return step * j + shift + phase % step; }
};

struct WinogradCorner {
  int row;
  int column;
};

// A square of a phase as it lies in the image: what is asked for every pixel, so without the
// divisions that finding a phase takes.
struct WinogradWindow {
  WinogradWindow(const WinogradGrid& grid, const WinogradCorner& corner, int phase)
      : image(grid.image),
        step(grid.step),
        first_row(grid.row(corner.row, phase)),
        first_column(grid.column(corner.column, phase)) {}

  int row(int i) const { return first_row + i * step; }
  int column(int j) const { return first_column + j * step; }
  bool has_row(int row) const { return row >= 0 && row < image.height; }
  bool has_column(int column) const { return column >= 0 && column < image.width; }

  Shape image;
  int step;
  int first_row;
  int first_column;
};

// Where the 6x6 pixels of a window lie in a channel of a tile, in floats; -1 outside the image.
struct WinogradPixels {
  std::ptrdiff_t at[kWinogradInputs][kWinogradInputs];
};

inline WinogradPixels winograd_pixels(const WinogradWindow& window) {
  WinogradPixels pixels;
  for (int i = 0; i < kWinogradInputs; ++i) {
    const int row = window.row(i);
    for (int j = 0; j < kWinogradInputs; ++j) {
      const int column = window.column(j);
      pixels.at[i][j] = window.has_row(row) && window.has_column(column)
                            ? static_cast<std::ptrdiff_t>(tile_offset(window.image, 0, row, column))
                            : -1;
    }
  }
  return pixels;
}

// Patches of 4x4 numbers of every phase of a grid.
struct WinogradPatches {
  explicit WinogradPatches(const WinogradGrid& grid)
      : rows(winograd_quads(steps(grid.image.height, grid))),
        columns(winograd_quads(steps(grid.image.width, grid))) {}

  int count() const { return rows * columns; }
  WinogradCorner corner(int patch) const {
    return {patch / columns * kWinogradOutputs, patch % columns * kWinogradOutputs};
  }

  int rows;
  int columns;

 private:
  // Of the first phase, which begins first and has the most.
  static int steps(int size, const WinogradGrid& grid) {
    return (size - 1 - grid.shift) / grid.step + 1;
  }
};

// What is convolved, and where it goes: forward from x to y, the gradient of the input from dy to
// dx with the kernel turned.
struct WinogradGrids {
  WinogradGrid from;
  WinogradGrid to;
};

inline WinogradGrids winograd_forward_grids(const Conv2dShape& shape) {
  return {{shape.input, shape.stride, -shape.padding}, {shape.output(), 1, 0}};
}

// dx's phases begin at the first of their pixels that may lie in the image.
inline WinogradGrids winograd_backward_grids(const Conv2dShape& shape) {
  const int first = shape.padding / shape.stride;
  return {{shape.output(), 1, first - (kWinogradTaps - 1)},
          {shape.input, shape.stride, first * shape.stride - shape.padding}};
}

// Where the tap of w stands, among those of its channels, that meets tap (ky, kx) of a phase's 3x3;
// -1 if the kernel does not reach so far.
inline int winograd_tap(const Conv2dShape& shape, int phase, int ky, int kx) {
  const int row = shape.stride * ky + phase / shape.stride;
  const int column = shape.stride * kx + phase % shape.stride;
  const bool exists = row < shape.kernel_height && column < shape.kernel_width;
  return exists ? row * shape.kernel_width + column : -1;
}

// The same of all nine taps of a phase.
using WinogradTaps = std::array<int, kWinogradSquare>;

inline WinogradTaps winograd_taps(const Conv2dShape& shape, int phase) {
  WinogradTaps taps;
  for (int i = 0; i < kWinogradSquare; ++i) {
    taps[static_cast<std::size_t>(i)] =
        winograd_tap(shape, phase, i / kWinogradTaps, i % kWinogradTaps);
  }
  return taps;
}

// Phases with two taps in place of three have no weight at one end of the positions: forward at the
// last row or column, where the kernel's third tap stands alone, and for the gradient of the input,
// whose kernels are turned, at the first. A kernel of 5x5 with stride 2 has 30 and not 36 products
// a patch on average.
//
// Of the remainders by the stride, those with three taps come first. So the phases that have a
// weight at a position are `count` runs of `phases` neighbours, which begin `stride` phases apart.
struct WinogradPhaseRuns {
  int count;
  int phases;
};

// Forward.
inline WinogradPhaseRuns winograd_phase_runs(const Conv2dShape& shape, int position) {
  const auto remainders = [&](int at, int kernel) {
    const bool is_end = at == kWinogradInputs - 1;
    return is_end ? kernel - (kWinogradTaps - 1) * shape.stride : shape.stride;
  };
  const int rows = remainders(position / kWinogradInputs, shape.kernel_height);
  const int columns = remainders(position % kWinogradInputs, shape.kernel_width);
  if (columns == shape.stride) return {1, rows * columns};
  return {rows, columns};
}

// Whether a phase has none at a position, where `end` is the row or column of positions that stands
// for the third tap: the last forward and for the gradient of the weights, the first for the
// gradient of the input.
inline bool winograd_is_zero(const Conv2dShape& shape, int position, int phase, int end) {
  const bool no_row = winograd_tap(shape, phase, kWinogradTaps - 1, 0) < 0;
  const bool no_column = winograd_tap(shape, phase, 0, kWinogradTaps - 1) < 0;
  return (position / kWinogradInputs == end && no_row) ||
         (position % kWinogradInputs == end && no_column);
}

// Floats between positions of the transformed weights. Here and below a cache line more than the
// numbers, as 36 places a power of two apart would share a few sets of the first-level cache.
inline std::size_t winograd_weights_position(int inputs, int outputs) {
  return static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs) + kLanes;
}

// The gradient of the weights goes through the patches of dy in bands: the same for every
// instruction set, and with them the order of the sums.
struct WinogradPatchBands {
  explicit WinogradPatchBands(const Conv2dShape& conv)
      : shape(conv),
        x(winograd_forward_grids(conv).from),
        dy(winograd_forward_grids(conv).to),
        patches(dy),
        in_band(std::min(kMost, patches.count())) {}

  // So many patches that loading and storing the sums once a band costs little, and that the
  // transforms of a band stay in a second- or third-level cache.
  static constexpr int kMost = 4;
  // Input channels of a phase whose x is transformed together.
  static constexpr int kInputsAtOnce = 16;
  bool is_one() const { return in_band == patches.count(); }

  // Rows of the matrix product: the samples of each patch.
  std::size_t rows() const { return static_cast<std::size_t>(in_band) * kLanes; }
  // Columns: the output channels, filled up to whole vectors.
  std::size_t columns() const {
    return (static_cast<std::size_t>(shape.out_channels) + kLanes - 1) / kLanes * kLanes;
  }

  // Floats between positions: of the transforms of x [kInputsAtOnce][rows], and those of dy
  // [rows][columns].
  std::size_t v_position() const { return kInputsAtOnce * rows() + kLanes; }
  std::size_t t_position() const { return rows() * columns() + kLanes; }
  // Sums of an input channel of a phase, those of all positions side by side.
  std::size_t channel_sums() const { return kWinogradPositions * columns(); }
  std::size_t sums() const {
    // Of several bands, all wait for the next one. Of one, some are finished before the next ones
    // begin, in the same place: the less is written, the less comes from afar when a step has been
    // elsewhere meanwhile.
    return static_cast<std::size_t>(is_one() ? kInputsAtOnce : x.channels()) * channel_sums();
  }
  // The gradients of kInputsAtOnce input channels, [C][KH][KW][columns].
  std::size_t gradients() const {
    return static_cast<std::size_t>(kInputsAtOnce * shape.kernel_height * shape.kernel_width) *
           columns();
  }
  std::size_t floats() const {
    return kWinogradPositions * (v_position() + t_position()) + sums() + gradients();
  }

  Conv2dShape shape;
  WinogradGrid x;
  WinogradGrid dy;
  WinogradPatches patches;
  int in_band;
};

}  // namespace normlab
