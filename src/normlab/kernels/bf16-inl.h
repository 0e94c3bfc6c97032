// bf16 numbers, the upper halves of floats: rounding to the nearest, and two in the room of a
// float.
#if defined(NORMLAB_KERNELS_BF16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_BF16_INL_H_
#undef NORMLAB_KERNELS_BF16_INL_H_
#else
#define NORMLAB_KERNELS_BF16_INL_H_
#endif

#include <cstdint>
#include <cstring>
#include <limits>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

using BitsTag = hn::RebindToUnsigned<Tag>;
using Bits = hn::Vec<BitsTag>;
inline constexpr BitsTag kBitsTag{};

// Copies what may not be a number: as a float it might not survive.
HWY_INLINE void copy_bits(float* to, const float* from) { std::memcpy(to, from, sizeof(float)); }

HWY_INLINE Vector broadcast_bits(const float* from) {
  std::uint32_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return hn::BitCast(kTag, hn::Set(kBitsTag, bits));
}

// Rounded to the nearest bf16, of two as near to the even one, in the upper half; the lower half
// may hold anything. What is too small for a normal float is 0, and a NaN stays one.
HWY_INLINE Bits rounded_bf16(Vector number) {
  const Vector least = broadcast(std::numeric_limits<float>::min());
  const Vector value = hn::IfThenZeroElse(hn::Lt(hn::Abs(number), least), number);
  const Bits bits = hn::BitCast(kBitsTag, value);
  const Bits odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(kBitsTag, 1));
  const Bits rounded = hn::Add(bits, hn::Add(odd, hn::Set(kBitsTag, 0x7FFF)));
  const Bits quiet = hn::Or(bits, hn::Set(kBitsTag, 0x400000));
  return hn::IfThenElse(hn::RebindMask(kBitsTag, hn::IsNaN(value)), quiet, rounded);
}

// Pairs of bf16 numbers: a's first.
HWY_INLINE Vector pair_bf16(Vector a, Vector b) {
  const Bits upper = hn::And(rounded_bf16(b), hn::Set(kBitsTag, 0xFFFF0000));
  return hn::BitCast(kTag, hn::Or(hn::ShiftRight<16>(rounded_bf16(a)), upper));
}

// The numbers of pairs, as floats.
HWY_INLINE Vector first_of_pair(Vector pair) {
  return hn::BitCast(kTag, hn::ShiftLeft<16>(hn::BitCast(kBitsTag, pair)));
}
HWY_INLINE Vector second_of_pair(Vector pair) {
  return hn::BitCast(kTag, hn::And(hn::BitCast(kBitsTag, pair), hn::Set(kBitsTag, 0xFFFF0000)));
}

// A channel of a pixel, or none; with the norm that is to be done to it, [3][16], or none.
struct Bf16Source {
  const float* x;
  const float* norm = nullptr;
};

// Its vector, 0 in the lanes that hold no sample.
HWY_INLINE Vector load_used(const Bf16Source& source, std::size_t piece, int lanes) {
  if (source.x == nullptr) return hn::Zero(kTag);
  Vector value = load(source.x + piece);
  if (const float* const norm = source.norm) {
    const Vector centered = hn::Sub(value, load(norm + piece));
    value = hn::MulAdd(centered, load(norm + kLanes + piece), load(norm + 2 * kLanes + piece));
  }
  if (lanes == kLanes) return value;
  const int left = HWY_MAX(0, lanes - static_cast<int>(piece));
  return hn::IfThenElseZero(hn::FirstN(kTag, static_cast<std::size_t>(left)), value);
}

// to[16 samples] of two channels of a pixel, the second of which may be missing.
HWY_INLINE void pair_channels(float* to, const Bf16Source& a, const Bf16Source& b) {
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    store(pair_bf16(load_used(a, piece, kLanes), load_used(b, piece, kLanes)), to + piece);
  }
}

// to[8 pairs of samples][2] of two channels, the second of which may be missing, `apart` floats
// from pair to pair.
HWY_INLINE void turn_pixel(float* to, std::size_t apart, const Bf16Source& a, const Bf16Source& b,
                           int lanes) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t pair = 0; pair < kLanes / 2; ++pair, to += apart) {
    store(pair_bf16(load_used(a, 2 * pair, lanes), load_used(a, 2 * pair + 1, lanes)), to);
    store(pair_bf16(load_used(b, 2 * pair, lanes), load_used(b, 2 * pair + 1, lanes)), to + 1);
  }
#else
  const hn::RepartitionToWide<BitsTag> wide;
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    // Of two samples the first stands in bits 16 to 31 and the second in bits 48 to 63.
    const auto first = hn::BitCast(wide, rounded_bf16(load_used(a, piece, lanes)));
    const auto second = hn::BitCast(wide, rounded_bf16(load_used(b, piece, lanes)));
    const auto low = hn::Or(hn::And(hn::ShiftRight<16>(first), hn::Set(wide, 0xFFFF)),
                            hn::And(hn::ShiftRight<32>(first), hn::Set(wide, 0xFFFF0000)));
    const auto high = hn::Or(hn::And(hn::ShiftLeft<16>(second), hn::Set(wide, 0xFFFF00000000)),
                             hn::And(second, hn::Set(wide, 0xFFFF000000000000)));
    HWY_ALIGN std::uint64_t both[kPiece / 2];
    hn::Store(hn::Or(low, high), wide, both);
    for (std::size_t pair = 0; pair < kPiece / 2; ++pair, to += apart) {
      std::memcpy(to, both + pair, sizeof both[pair]);
    }
  }
#endif
}

// to[2][8 pairs of samples] of two pixels of one channel, either of which may be missing.
HWY_INLINE void pair_samples(float* to, const Bf16Source& a, const Bf16Source& b, int lanes) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t pair = 0; pair < kLanes / 2; ++pair, ++to) {
    store(pair_bf16(load_used(a, 2 * pair, lanes), load_used(a, 2 * pair + 1, lanes)), to);
    store(pair_bf16(load_used(b, 2 * pair, lanes), load_used(b, 2 * pair + 1, lanes)),
          to + kLanes / 2);
  }
#else
  const hn::RepartitionToWide<BitsTag> wide;
  // Pairs of samples, each beside one that is none.
  const auto pairs = [&](std::size_t at) HWY_ATTR {
    const Vector value = at < kLanes ? load_used(a, at, lanes) : load_used(b, at - kLanes, lanes);
    const auto bits = hn::BitCast(wide, rounded_bf16(value));
    return hn::BitCast(kBitsTag,
                       hn::Or(hn::And(hn::ShiftRight<16>(bits), hn::Set(wide, 0xFFFF)),
                              hn::And(hn::ShiftRight<32>(bits), hn::Set(wide, 0xFFFF0000))));
  };
  for (std::size_t at = 0; at < 2 * kLanes; at += 2 * kPiece, to += kPiece) {
    store(hn::BitCast(kTag, hn::ConcatEven(kBitsTag, pairs(at + kPiece), pairs(at))), to);
  }
#endif
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_BF16_INL_H_
