// Plain arrays in four dimensions, the last one innermost: images [N][C][H][W] and weights
// [O][C][KH][KW]. The references know nothing of tiles.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "reference/bounded.h"

namespace normlab::reference {

template <class Number>
struct Array4 {
  int n = 0;
  int c = 0;
  int h = 0;
  int w = 0;
  std::vector<Number> values;

  Array4() = default;
  Array4(int size_n, int size_c, int size_h, int size_w)
      : n(size_n),
        c(size_c),
        h(size_h),
        w(size_w),
        values(static_cast<std::size_t>(n) * static_cast<std::size_t>(c) *
               static_cast<std::size_t>(h) * static_cast<std::size_t>(w)) {}

  Number& operator()(int in, int ic, int ih, int iw) { return values[index(in, ic, ih, iw)]; }
  const Number& operator()(int in, int ic, int ih, int iw) const {
    return values[index(in, ic, ih, iw)];
  }

 private:
  std::size_t index(int in, int ic, int ih, int iw) const {
    return ((static_cast<std::size_t>(in) * static_cast<std::size_t>(c) +
             static_cast<std::size_t>(ic)) *
                static_cast<std::size_t>(h) +
            static_cast<std::size_t>(ih)) *
               static_cast<std::size_t>(w) +
           static_cast<std::size_t>(iw);
  }
};

// An array of zeros, or of empty sums, of the shape of another.
template <class Number, class Other>
Array4<Number> shaped_like(const Array4<Other>& other) {
  return Array4<Number>(other.n, other.c, other.h, other.w);
}

template <class Number>
std::vector<Number> totals(const std::vector<Sum<Number>>& sums) {
  std::vector<Number> result;
  for (const Sum<Number>& sum : sums) result.push_back(sum.total());
  return result;
}

template <class Number>
Array4<Number> totals(const Array4<Sum<Number>>& sums) {
  Array4<Number> result = shaped_like<Number>(sums);
  result.values = totals(sums.values);
  return result;
}

}  // namespace normlab::reference
