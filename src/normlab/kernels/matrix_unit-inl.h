// The matrix unit of x86 (matrix_unit.h), and rounding to bf16 as its processors do it.
//
// By assembler: the compiler's intrinsics want the instruction set to be asked for per function,
// which Highway does already and without it.
#if defined(NORMLAB_KERNELS_MATRIX_UNIT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_MATRIX_UNIT_INL_H_
#undef NORMLAB_KERNELS_MATRIX_UNIT_INL_H_
#else
#define NORMLAB_KERNELS_MATRIX_UNIT_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include "normlab/kernels/bf16-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

inline constexpr int kProductSums = 4;

// All at most 16.
struct ProductShape {
  int rows;
  int columns;
  int pairs;
};

// Where a matrix lies: its rows, `apart` floats from each other.
struct ProductMatrix {
  const float* first;
  std::size_t apart;
};

#if HWY_TARGET == HWY_AVX3 && defined(__x86_64__) && defined(__linux__)
// The unit's registers 0 to 3 hold sums, 4 the left matrix and 5 to 7 right ones.
class MatrixUnit {
 public:
  void begin(const ProductShape& shape) {
    shape_ = shape;
    Configuration configuration;
    for (int i = 0; i < kProductSums; ++i) configuration.set(i, shape.rows, shape.columns);
    configuration.set(kLeft, shape.rows, shape.pairs);
    for (int i = 0; i < kRights; ++i) {
      configuration.set(kRight + i, shape.pairs, shape.columns);
    }
    asm volatile("ldtilecfg %0" : : "m"(configuration));
  }
  void end() { asm volatile("tilerelease"); }

  static HWY_INLINE void pair_channels(float* to, const Bf16Source& a, const Bf16Source& b) {
    HWY_ALIGN static constexpr std::uint16_t kTurns[32] = {
        0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
        8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const Vector both = round_both(load_used(a, 0, kLanes), load_used(b, 0, kLanes));
    const __m512i order = _mm512_load_si512(kTurns);
    store(
        Vector{_mm512_castsi512_ps(_mm512_permutexvar_epi16(order, _mm512_castps_si512(both.raw)))},
        to);
  }
  static HWY_INLINE void pair_samples(float* to, const Bf16Source& a, const Bf16Source& b,
                                      int lanes) {
    store(round_both(load_used(a, 0, lanes), load_used(b, 0, lanes)), to);
  }
  static HWY_INLINE void turn_pixel(float* to, std::size_t apart, const Bf16Source& a,
                                    const Bf16Source& b, int lanes) {
    const Vector both = round_both(load_used(a, 0, lanes), load_used(b, 0, lanes));
    HWY_ALIGN static constexpr std::int32_t kTurns[kLanes] = {0, 8,  1, 9,  2, 10, 3, 11,
                                                              4, 12, 5, 13, 6, 14, 7, 15};
    HWY_ALIGN float turned[kLanes];
    store(hn::TableLookupLanes(both, hn::SetTableIndices(kTag, kTurns)), turned);
    for (std::size_t pair = 0; pair < kLanes; pair += 2, to += apart) {
      std::memcpy(to, turned + pair, 2 * sizeof(float));
    }
  }

  template <int kCount>
  HWY_INLINE void clear() {
    zero<0>();
    if constexpr (kCount > 1) zero<1>();
    if constexpr (kCount > 2) zero<2>();
    if constexpr (kCount > 3) zero<3>();
  }

  template <int kCount>
  HWY_INLINE void add(const ProductMatrix& left, const float* const* rights,
                      std::size_t right_apart) {
    load_matrix<kLeft>(left.first, left.apart);
    multiply<0>(rights[0], right_apart);
    if constexpr (kCount > 1) multiply<1>(rights[1], right_apart);
    if constexpr (kCount > 2) multiply<2>(rights[2], right_apart);
    if constexpr (kCount > 3) multiply<3>(rights[3], right_apart);
  }

  template <int kCount>
  HWY_INLINE void take(float* to) {
    const auto size = static_cast<std::size_t>(shape_.rows) * kLanes;
    take_one<0>(to);
    if constexpr (kCount > 1) take_one<1>(to + size);
    if constexpr (kCount > 2) take_one<2>(to + 2 * size);
    if constexpr (kCount > 3) take_one<3>(to + 3 * size);
  }

 private:
  static constexpr int kLeft = kProductSums;
  static constexpr int kRight = kLeft + 1;
  static constexpr int kRights = 3;

  struct alignas(64) Configuration {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};

    void set(int matrix, int its_rows, int its_columns) {
      rows[matrix] = static_cast<std::uint8_t>(its_rows);
      row_bytes[matrix] = static_cast<std::uint16_t>(4 * its_columns);
    }
  };

  // The bf16 numbers of a, then those of b.
  static HWY_INLINE Vector round_both(Vector a, Vector b) {
    Vector both;
    asm("vcvtne2ps2bf16 %1, %2, %0" : "=v"(both.raw) : "v"(a.raw), "v"(b.raw));
    return both;
  }

  template <int kSum>
  static HWY_INLINE void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kSum));
  }
  template <int kMatrix>
  static HWY_INLINE void load_matrix(const float* first, std::size_t apart) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0"
                 :
                 : "i"(kMatrix), "r"(first), "r"(apart * sizeof(float))
                 : "memory");
  }
  template <int kSum>
  static HWY_INLINE void multiply(const float* right, std::size_t apart) {
    constexpr int kMatrix = kRight + kSum % kRights;
    load_matrix<kMatrix>(right, apart);
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kLeft), "i"(kMatrix));
  }
  template <int kSum>
  static HWY_INLINE void take_one(float* to) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)"
                 :
                 : "i"(kSum), "r"(to), "r"(kLanes * sizeof(float))
                 : "memory");
  }

  ProductShape shape_{};
};
#endif

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_MATRIX_UNIT_INL_H_
