// Products of small matrices of bf16 numbers with sums in float, by the matrix unit of x86 or by
// fused multiply-adds that give the same bits.
//
// Both know up to four sums of [rows][columns] floats and
//   add:  sum[i][m][n] += (left[m][0] * right_i[0][n] + left[m][2] * right_i[2][n] + ...)
//                       + (left[m][1] * right_i[1][n] + left[m][3] * right_i[3][n] + ...)
// the terms of either bracket from left to right, each by one fused multiply-add, what is too small
// for a normal float taken for 0 (TDPBF16PS does so; flush_denormals.h). Neighbours along the
// inner dimension lie together, two in the room of a float: left [rows][pairs], right
// [pairs][columns].
#if defined(NORMLAB_KERNELS_BF16_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_BF16_PRODUCTS_INL_H_
#undef NORMLAB_KERNELS_BF16_PRODUCTS_INL_H_
#else
#define NORMLAB_KERNELS_BF16_PRODUCTS_INL_H_
#endif

#include <cstdint>
#include <type_traits>

#include "normlab/kernels/bf16-inl.h"
#include "normlab/kernels/matrix_unit-inl.h"
#include "normlab/kernels/matrix_unit.h"
#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

class EmulatedUnit {
 public:
  void begin(const ProductShape& shape) { shape_ = shape; }
  void end() {}

  static void pair_channels(float* to, const Bf16Source& a, const Bf16Source& b) {
    HWY_NAMESPACE::pair_channels(to, a, b);
  }
  static void pair_samples(float* to, const Bf16Source& a, const Bf16Source& b, int lanes) {
    HWY_NAMESPACE::pair_samples(to, a, b, lanes);
  }
  static void turn_pixel(float* to, std::size_t apart, const Bf16Source& a, const Bf16Source& b,
                         int lanes) {
    HWY_NAMESPACE::turn_pixel(to, apart, a, b, lanes);
  }

  template <int kCount>
  void clear() {
    for (int i = 0; i < kCount; ++i) {
      for (auto& row : sums_[i]) {
        for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
          store(hn::Zero(kTag), row + piece);
        }
      }
    }
  }

  template <int kCount>
  void add(const ProductMatrix& left, const float* const* rights, std::size_t right_apart) {
    for (int i = 0; i < kCount; ++i) add_one(sums_[i], left, {rights[i], right_apart});
  }

  // to [kCount][rows][16]; columns that there are not may hold anything.
  template <int kCount>
  void take(float* to) {
    for (int i = 0; i < kCount; ++i) {
      for (int m = 0; m < shape_.rows; ++m, to += kLanes) {
        for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
          store(load(sums_[i][m] + piece), to + piece);
        }
      }
    }
  }

 private:
  void add_one(float (*sums)[kLanes], const ProductMatrix& left, const ProductMatrix& right) const {
    const auto columns = static_cast<std::size_t>(shape_.columns);
    for (std::size_t piece = 0; piece < columns; piece += kPiece) {
      const std::size_t there = HWY_MIN(kPiece, columns - piece);
      HWY_ALIGN float evens[kLanes][kPiece];
      HWY_ALIGN float odds[kLanes][kPiece];
      for (int k = 0; k < shape_.pairs; ++k) {
        const float* const row = right.first + static_cast<std::size_t>(k) * right.apart + piece;
        const Vector pair = there == kPiece ? hn::LoadU(kTag, row) : load_first(row, there);
        store(first_of_pair(pair), evens[k]);
        store(second_of_pair(pair), odds[k]);
      }
      for (int m = 0; m < shape_.rows; ++m) {
        const float* const pairs = left.first + static_cast<std::size_t>(m) * left.apart;
        Vector even = hn::Zero(kTag);
        Vector odd = hn::Zero(kTag);
        for (int k = 0; k < shape_.pairs; ++k) {
          const Vector pair = broadcast_bits(pairs + k);
          even = hn::MulAdd(first_of_pair(pair), load(evens[k]), even);
          odd = hn::MulAdd(second_of_pair(pair), load(odds[k]), odd);
        }
        store(hn::Add(load(sums[m] + piece), hn::Add(even, odd)), sums[m] + piece);
      }
    }
  }

  static Vector load_first(const float* from, std::size_t count) {
    HWY_ALIGN float copy[kPiece] = {};
    for (std::size_t i = 0; i < count; ++i) copy_bits(copy + i, from + i);
    return load(copy);
  }

  ProductShape shape_{};
  HWY_ALIGN float sums_[kProductSums][kLanes][kLanes];
};

// visit(unit) with the matrix unit, if there is one, or an emulated one.
template <class Visit>
HWY_INLINE void with_unit(const Visit& visit) {
#if HWY_TARGET == HWY_AVX3 && defined(__x86_64__) && defined(__linux__)
  if (has_matrix_unit()) {
    MatrixUnit unit;
    visit(unit);
    return;
  }
#endif
  EmulatedUnit unit;
  visit(unit);
}

// visit(std::integral_constant<int, count>) for 1 <= count <= kProductSums.
template <class Visit>
HWY_INLINE void with_count(int count, const Visit& visit) {
  if (count == 1) visit(std::integral_constant<int, 1>());
  if (count == 2) visit(std::integral_constant<int, 2>());
  if (count == 3) visit(std::integral_constant<int, 3>());
  if (count >= 4) visit(std::integral_constant<int, 4>());
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_BF16_PRODUCTS_INL_H_
