#include "normlab/data/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace normlab {
namespace {

// The old pixels from `first` on that make a new one, and their shares.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Taps> area_taps(int length, int new_length) {
  const double ratio = static_cast<double>(length) / new_length;
  std::vector<Taps> all;
  for (int i = 0; i < new_length; ++i) {
    const double begin = i * ratio;
    const double end = std::min((i + 1) * ratio, static_cast<double>(length));
    Taps taps{static_cast<int>(begin), {}};
    for (int old = taps.first; old < end; ++old) {
      const double covered = std::min<double>(old + 1, end) - std::max<double>(old, begin);
      taps.weights.push_back(static_cast<float>(covered / (end - begin)));
    }
    all.push_back(std::move(taps));
  }
  return all;
}

std::vector<Taps> interpolating_taps(int length, int new_length) {
  const double ratio = static_cast<double>(length) / new_length;
  std::vector<Taps> all;
  for (int i = 0; i < new_length; ++i) {
    const double centre = std::clamp((i + 0.5) * ratio - 0.5, 0.0, length - 1.0);
    const int first = std::min(static_cast<int>(centre), std::max(length - 2, 0));
    const auto share = static_cast<float>(centre - first);
    all.push_back(length == 1 ? Taps{0, {1.0f}} : Taps{first, {1 - share, share}});
  }
  return all;
}

std::vector<Taps> make_taps(int length, int new_length) {
  return new_length <= length ? area_taps(length, new_length)
                              : interpolating_taps(length, new_length);
}

// Resizes the rows' length and turns the plane over its diagonal; twice is a whole resampling.
std::vector<float> resample_rows_and_transpose(std::span<const float> plane, int height, int width,
                                               int new_width) {
  std::vector<float> result(static_cast<std::size_t>(height) * static_cast<std::size_t>(new_width));
  const std::vector<Taps> all = make_taps(width, new_width);
  for (int row = 0; row < height; ++row) {
    const auto line = plane.subspan(static_cast<std::size_t>(row) * static_cast<std::size_t>(width),
                                    static_cast<std::size_t>(width));
    for (int column = 0; column < new_width; ++column) {
      const Taps& taps = all[static_cast<std::size_t>(column)];
      float sum = 0;
      for (std::size_t k = 0; k < taps.weights.size(); ++k) {
        sum += taps.weights[k] * line[static_cast<std::size_t>(taps.first) + k];
      }
      result[static_cast<std::size_t>(column) * static_cast<std::size_t>(height) +
             static_cast<std::size_t>(row)] = sum;
    }
  }
  return result;
}

}  // namespace

std::vector<float> resample(std::span<const float> plane, int height, int width, int new_height,
                            int new_width) {
  const auto turned = resample_rows_and_transpose(plane, height, width, new_width);
  return resample_rows_and_transpose(turned, new_width, height, new_height);
}

}  // namespace normlab
