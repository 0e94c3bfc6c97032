// What packing the weights for Winograd's algorithms shares: eight channels beside each other, in
// double, rounded once.
#if defined(NORMLAB_KERNELS_WINOGRAD_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NORMLAB_KERNELS_WINOGRAD_PACK_INL_H_
#undef NORMLAB_KERNELS_WINOGRAD_PACK_INL_H_
#else
#define NORMLAB_KERNELS_WINOGRAD_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int kPackBlock = 8;  // channels, the most that are packed together
using DoubleTag = hn::CappedTag<double, kPackBlock>;
using Doubles = hn::Vec<DoubleTag>;
inline constexpr DoubleTag kDoubleTag{};
inline constexpr std::size_t kDoubles = hn::MaxLanes(DoubleTag());

// w at as many places; 0 where a place is below 0.
HWY_INLINE Doubles gather_doubles(const float* w, const std::int32_t* places) {
  const hn::Rebind<float, DoubleTag> float_tag;
  const hn::Rebind<std::int32_t, DoubleTag> place_tag;
  const auto at = hn::Load(place_tag, places);
  const auto none = hn::Lt(at, hn::Zero(place_tag));
  const auto there = hn::GatherIndex(float_tag, w, hn::IfThenZeroElse(none, at));
  return hn::PromoteTo(kDoubleTag, hn::IfThenZeroElse(hn::RebindMask(float_tag, none), there));
}

// The first `block` of kPackBlock numbers.
HWY_INLINE void round_block(float* to, const double* from, int block) {
  const hn::Rebind<float, DoubleTag> float_tag;
  if (block == kPackBlock) {
    for (std::size_t part = 0; part < kPackBlock; part += kDoubles) {
      hn::StoreU(hn::DemoteTo(float_tag, hn::Load(kDoubleTag, from + part)), float_tag, to + part);
    }
  } else {
    for (int b = 0; b < block; ++b) to[b] = static_cast<float>(from[b]);
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NORMLAB_KERNELS_WINOGRAD_PACK_INL_H_
