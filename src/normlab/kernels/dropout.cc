#include "normlab/kernels/dropout.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/dropout.cc"
#include <hwy/foreach_target.h>

#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

// draw_piece() assigns lanes piece .. piece + kPiece of all factors.
#if HWY_TARGET == HWY_SCALAR

HWY_INLINE void draw_piece(float* factors, std::size_t count, std::size_t piece,
                           const DropoutDraw& draw, float keep) {
  const bool used = piece < draw.samples.size();
  RandomOrigin origin = draw.origin;
  origin.counter[3] = used ? draw.samples[piece] : 0;
  RandomStream random(origin);
  for (std::size_t i = 0; i < count; ++i) {
    factors[i * kLanes + piece] = used && random.uniform() < draw.probability ? 0.0f : keep;
  }
}

#else

using NarrowTag = hn::RebindToUnsigned<Tag>;
using WideTag = hn::RepartitionToWide<NarrowTag>;
using Wide = hn::Vec<WideTag>;
inline constexpr WideTag kWideTag{};
inline constexpr NarrowTag kNarrowTag{};

HWY_INLINE Wide product(Wide a, std::uint32_t b) {
  return hn::MulEven(hn::BitCast(kNarrowTag, a), hn::Set(kNarrowTag, b));
}

// Philox4x32-10 of the counters of as many samples as `Wide` has lanes. Their words stand in the
// lower halves; the upper ones may hold anything. Ten rounds, the key's words raised by Weyl
// constants between them (Salmon et al., SC 2011, section 3.3; the constants are Random123's).
HWY_INLINE void philox(Wide (&word)[4], std::uint32_t key_0, std::uint32_t key_1) {
  constexpr int kRounds = 10;
  HWY_UNROLL(10)
  for (int round = 0; round < kRounds; ++round) {
    const Wide product_0 = product(word[0], 0xD2511F53u);
    const Wide product_1 = product(word[2], 0xCD9E8D57u);
    const Wide high_0 = hn::ShiftRight<32>(product_0);
    const Wide high_1 = hn::ShiftRight<32>(product_1);
    word[0] = hn::Xor(hn::Xor(high_1, word[1]), hn::Set(kWideTag, key_0));
    word[1] = product_1;
    word[2] = hn::Xor(hn::Xor(high_0, word[3]), hn::Set(kWideTag, key_1));
    word[3] = product_0;
    key_0 += 0x9E3779B9u;
    key_1 += 0xBB67AE85u;
  }
}

// Samples of even and of odd lanes apart, as products take twice the room.
HWY_INLINE void draw_piece(float* factors, std::size_t count, std::size_t piece,
                           const DropoutDraw& draw, float keep) {
  constexpr std::size_t kBlock = 4;
  HWY_ALIGN std::uint32_t samples[kLanes] = {};
  std::copy(draw.samples.begin(), draw.samples.end(), samples);
  const Wide both = hn::BitCast(kWideTag, hn::Load(kNarrowTag, samples + piece));
  const std::size_t used = draw.samples.size() > piece ? draw.samples.size() - piece : 0;
  const auto used_lanes = hn::FirstN(kTag, used);
  // uniform() is a multiple of 2^-24, so this compares what it compares.
  const auto threshold =
      hn::Set(kNarrowTag, static_cast<std::uint32_t>(std::ceil(draw.probability * 0x1p24f)));
  const Vector kept = broadcast(keep);
  const Wide purpose = hn::Set(kWideTag, draw.origin.counter[1]);
  const Wide epoch = hn::Set(kWideTag, draw.origin.counter[2]);
  std::uint32_t block = draw.origin.counter[0];
  for (std::size_t i = 0; i < count; i += kBlock, ++block) {
    const Wide first = hn::Set(kWideTag, block);
    Wide even[] = {first, purpose, epoch, both};
    Wide odd[] = {first, purpose, epoch, hn::ShiftRight<32>(both)};
    philox(even, draw.origin.key[0], draw.origin.key[1]);
    philox(odd, draw.origin.key[0], draw.origin.key[1]);
    for (std::size_t k = 0; k < kBlock && i + k < count; ++k) {
      const auto bits = hn::OddEven(hn::BitCast(kNarrowTag, hn::ShiftLeft<32>(odd[k])),
                                    hn::BitCast(kNarrowTag, even[k]));
      const auto below = hn::Lt(hn::ShiftRight<8>(bits), threshold);
      const auto dropped = hn::And(hn::RebindMask(kTag, below), used_lanes);
      store(hn::IfThenZeroElse(dropped, kept), factors + (i + k) * kLanes + piece);
    }
  }
}

#endif

void dropout_factors(float* factors, std::size_t count, const DropoutDraw& draw) {
  const float keep = 1.0f / (1.0f - draw.probability);
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    draw_piece(factors, count, piece, draw, keep);
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(dropout_factors);
}  // namespace

void dropout_factors(float* factors, std::size_t count, const DropoutDraw& draw) {
  HWY_DYNAMIC_DISPATCH(dropout_factors)(factors, count, draw);
}

}  // namespace normlab
#endif  // HWY_ONCE
