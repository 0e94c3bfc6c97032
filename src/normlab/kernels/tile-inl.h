// What every kernel body shares: the vector of a tile and sums over its lanes. Included once per
// instruction set, inside Highway's foreach_target.
#if defined(NORMLAB_KERNELS_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_TILE_INL_H_
#undef NORMLAB_KERNELS_TILE_INL_H_
#else
#define NORMLAB_KERNELS_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <span>

#include "normlab/tensor/tiles.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A tile's 16 lanes are worked on in kPieces pieces of kPiece lanes: one on AVX-512, two on AVX2,
// four on 128-bit machines.
using Tag = hn::CappedTag<float, kLanes>;
using Vector = hn::Vec<Tag>;
inline constexpr Tag kTag{};
inline constexpr std::size_t kPiece = hn::MaxLanes(Tag());
inline constexpr std::size_t kPieces = kLanes / kPiece;

// True if the instruction set has 32 vector registers instead of 16.
inline constexpr bool kManyRegisters = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON;

HWY_INLINE Vector load(const float* from) { return hn::Load(kTag, from); }
HWY_INLINE void store(Vector value, float* to) { hn::Store(value, kTag, to); }
HWY_INLINE Vector broadcast(float value) { return hn::Set(kTag, value); }

// A load that happens once. GCC 12 otherwise loads a value again for each of its uses, as the
// memory operand of the arithmetic, and the load ports become the limit: the weight gradient of a
// convolution ran at 100 GFLOP/s instead of 150 on one core.
HWY_INLINE Vector load_once(const float* from) {
  Vector value = load(from);
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  asm("" : "+v"(value.raw));
#endif
  return value;
}

// The same number, of which GCC does not know any more where it comes from. GCC 12 otherwise finds
// all places that unrolled stores step through by it before the loops around them and carries them
// along in memory: 250 instructions for each 24 outputs of a convolution, up to a tenth of its
// time.
HWY_INLINE std::size_t unforeseen(std::size_t number) {
#if HWY_COMPILER_GCC_ACTUAL
  asm volatile("" : "+r"(number));
#endif
  return number;
}

// max(value, 0), where a NaN stays one: as 0 it would hide a diverged run. Which operand a maximum
// returns for a NaN, and of two zeros, differs between machines; on x86 it is the second one.
HWY_INLINE Vector relu(Vector value) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return hn::Max(hn::Zero(kTag), value);
#else
  return hn::IfThenZeroElse(hn::Lt(value, hn::Zero(kTag)), value);
#endif
}

// The gradient of a ReLU's input: dy where the ReLU's output y is above 0.
HWY_INLINE Vector relu_gradient(Vector dy, Vector y) {
  return hn::IfThenElseZero(hn::Gt(y, hn::Zero(kTag)), dy);
}

// Four partial sums of several terms take turns: they hide the latency of the addition, and keep
// the rounding error of a long sum down. Their order is the same for every instruction set.
inline constexpr std::size_t kTurns = 4;

// An array and not a class: of a class of vectors GCC makes a constructor that is not for the
// instruction set that the vectors need, and refuses it (NEON).
template <std::size_t kTerms>
using PartialSums = Vector[kTurns][kTerms];

// Vectors [first, end) of 16 lanes, of each lanes piece .. piece + kPiece; first is a multiple of
// kTurns.
template <std::size_t kTerms, class Term>
HWY_INLINE void add_terms(PartialSums<kTerms>& partial, std::size_t first, std::size_t end,
                          std::size_t piece, const Term& term) {
  std::size_t i = first;
  for (; i + kTurns <= end; i += kTurns) {
    HWY_UNROLL(4)
    for (std::size_t turn = 0; turn < kTurns; ++turn) {
      term((i + turn) * kLanes + piece, piece, partial[turn]);
    }
  }
  for (std::size_t turn = 0; i + turn < end; ++turn) {
    term((i + turn) * kLanes + piece, piece, partial[turn]);
  }
}

template <std::size_t kTerms>
HWY_INLINE void add_to(float (*sums)[kLanes], const PartialSums<kTerms>& partial,
                       std::size_t piece) {
  for (std::size_t k = 0; k < kTerms; ++k) {
    const Vector sum =
        hn::Add(hn::Add(partial[0][k], partial[1][k]), hn::Add(partial[2][k], partial[3][k]));
    store(hn::Add(load(sums[k] + piece), sum), sums[k] + piece);
  }
}

// The sums of several terms over `count` vectors of 16 lanes (one channel of a tile, say), lane by
// lane: term(at, piece, totals) adds its vectors to totals[0 .. kTerms), where `at` is the offset
// in floats of lane `piece` of the i-th vector; sums[k][lane] += what came together in totals[k].
//
// Where a vector is worked on in pieces, the first piece brings a band of vectors into the
// first-level cache for the others: a channel of 26x26 does not stay there, and its norm took 1.7
// times as long (AVX2).
template <std::size_t kTerms, class Term>
HWY_INLINE void sum_per_lane(float (*sums)[kLanes], std::size_t count, const Term& term) {
  constexpr std::size_t kBand = 16 * kTurns;
  if (kPieces == 1 || count <= 2 * kBand) {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      PartialSums<kTerms> partial;
      for (auto& turn : partial) {
        for (auto& value : turn) value = hn::Zero(kTag);
      }
      add_terms<kTerms>(partial, 0, count, piece, term);
      add_to<kTerms>(sums, partial, piece);
    }
    return;
  }
  HWY_ALIGN float waiting[kTurns][kTerms][kLanes] = {};
  for (std::size_t first = 0; first < count; first += kBand) {
    const std::size_t end = HWY_MIN(first + kBand, count);
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      PartialSums<kTerms> partial;
      for (std::size_t turn = 0; turn < kTurns; ++turn) {
        for (std::size_t k = 0; k < kTerms; ++k) {
          partial[turn][k] = load(waiting[turn][k] + piece);
        }
      }
      add_terms<kTerms>(partial, first, end, piece, term);
      if (end == count) add_to<kTerms>(sums, partial, piece);
      for (std::size_t turn = 0; turn < kTurns; ++turn) {
        for (std::size_t k = 0; k < kTerms; ++k) {
          store(partial[turn][k], waiting[turn][k] + piece);
        }
      }
    }
  }
}

// Sums over the first `lanes` lanes, in one order for every instruction set: four lanes that follow
// each other as (0 + 1) + (2 + 3), then the four sums of four likewise.
HWY_INLINE float sum_of_four(const float* v) { return (v[0] + v[1]) + (v[2] + v[3]); }

HWY_INLINE float sum_over_lanes(const float* vector, int lanes) {
  float used[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) used[lane] = lane < lanes ? vector[lane] : 0.0f;
  const float fours[4] = {sum_of_four(used), sum_of_four(used + 4), sum_of_four(used + 8),
                          sum_of_four(used + 12)};
  return sum_of_four(fours);
}

#if HWY_TARGET != HWY_SCALAR
// a0+a1, b0+b1, a2+a3, b2+b3, ... : blends, which on x86 more ports do, in place of half the
// shuffles.
HWY_INLINE Vector sum_neighbours(Vector a, Vector b) {
  return hn::Add(hn::OddEven(b, a), hn::Shuffle2301(hn::OddEven(a, b)));
}

// Four vectors that stand `apart` floats from each other, in: four lanes of each, added. The result
// holds, for every four lanes, one such sum of each vector.
HWY_INLINE Vector sum_within_fours(const float* vectors, std::size_t apart) {
  const hn::RepartitionToWide<Tag> pairs;
  const auto ab = hn::BitCast(pairs, sum_neighbours(load(vectors), load(vectors + apart)));
  const auto cd =
      hn::BitCast(pairs, sum_neighbours(load(vectors + 2 * apart), load(vectors + 3 * apart)));
  return hn::Add(hn::BitCast(kTag, hn::InterleaveLower(pairs, ab, cd)),
                 hn::BitCast(kTag, hn::InterleaveUpper(pairs, ab, cd)));
}

// a's and b's fours, added in pairs and taking turns: a0+a1, b0+b1, a2+a3, b2+b3.
HWY_INLINE Vector sum_pairs_of_fours(Vector a, Vector b) {
  return hn::Add(hn::OddEvenBlocks(b, a), hn::SwapAdjacentBlocks(hn::OddEvenBlocks(a, b)));
}
#endif

// The same for sixteen vectors that stand `apart` floats from each other, all lanes used: two
// shuffles and an addition a sum. One vector at a time, this took as long as the arithmetic of a
// small convolution's weight gradient.
HWY_INLINE void sum_sixteen_over_lanes(float* sums, const float* vectors, std::size_t apart) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t k = 0; k < 16; ++k) sums[k] = sum_over_lanes(vectors + k * apart, kLanes);
#else
  const auto fours = [&](std::size_t group, std::size_t piece) HWY_ATTR {
    return sum_within_fours(vectors + 4 * group * apart + piece, apart);
  };
  if constexpr (kPiece == 16) {
    const Vector ab = sum_pairs_of_fours(fours(0, 0), fours(1, 0));
    const Vector cd = sum_pairs_of_fours(fours(2, 0), fours(3, 0));
    const Vector low = hn::ConcatLowerLower(kTag, cd, ab);
    const Vector high = hn::ConcatUpperUpper(kTag, cd, ab);
    hn::StoreU(hn::Add(low, high), kTag, sums);
  } else if constexpr (kPiece == 8) {
    for (std::size_t group = 0; group < 4; group += 2) {
      const Vector low = sum_pairs_of_fours(fours(group, 0), fours(group + 1, 0));
      const Vector high = sum_pairs_of_fours(fours(group, 8), fours(group + 1, 8));
      hn::StoreU(hn::Add(low, high), kTag, sums + 4 * group);
    }
  } else {
    for (std::size_t group = 0; group < 4; ++group) {
      const Vector low = hn::Add(fours(group, 0), fours(group, 4));
      const Vector high = hn::Add(fours(group, 8), fours(group, 12));
      hn::StoreU(hn::Add(low, high), kTag, sums + 4 * group);
    }
  }
#endif
}

// Sixteen vectors that stand `apart` floats from each other, side by side and with zeros in the
// unused lanes, which may hold a NaN.
HWY_INLINE void copy_used_lanes(float* used, const float* vectors, std::size_t apart, int lanes) {
  for (std::size_t k = 0; k < 16; ++k, vectors += apart, used += kLanes) {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const int left = HWY_MAX(0, lanes - static_cast<int>(piece));
      const auto holds = hn::FirstN(kTag, static_cast<std::size_t>(left));
      store(hn::IfThenElseZero(holds, load(vectors + piece)), used + piece);
    }
  }
}

// sums[k] = the sum over the first `lanes` lanes of the k-th of `count` vectors. Sixteen go at
// once, some of them twice if `count` is no multiple of that: so it takes less time than one by
// one.
HWY_INLINE void sums_over_lanes(float* sums, const float* vectors, std::size_t apart, int count,
                                int lanes) {
  if (count < 16) {
    for (int k = 0; k < count; ++k, vectors += apart) sums[k] = sum_over_lanes(vectors, lanes);
    return;
  }
  for (int done = 0; done < count; done += 16) {
    const auto first = static_cast<std::size_t>(HWY_MIN(done, count - 16));
    const float* const sixteen = vectors + first * apart;
    if (lanes == kLanes) {
      sum_sixteen_over_lanes(sums + first, sixteen, apart);
    } else {
      HWY_ALIGN float used[16 * kLanes];
      copy_used_lanes(used, sixteen, apart, lanes);
      sum_sixteen_over_lanes(sums + first, used, kLanes);
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_TILE_INL_H_
