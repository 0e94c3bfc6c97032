#include "normlab/kernels/simd.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "normlab/base/error.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/simd.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

std::int64_t target_of_body() { return HWY_TARGET; }

bool body_has_fused_multiply_add() { return HWY_NATIVE_FMA != 0; }

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {

HWY_EXPORT(target_of_body);
HWY_EXPORT(body_has_fused_multiply_add);

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

// The names that people use for what Highway calls otherwise.
std::string highway_name(const std::string& name) {
  const std::string upper = upper_case(name);
  if (upper == "AVX512" || upper == "AVX-512") return "AVX3";
  if (upper == "PORTABLE") return upper_case(available_instruction_sets().back());
  return upper;
}

// Highway's own list shrinks to the forced target while one is forced; an empty mask frees it.
void force(std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().DeInit();
}

std::int64_t all_targets() {
  const std::int64_t now = hwy::SupportedTargets();
  hwy::SetSupportedTargetsForTest(0);
  const std::int64_t all = hwy::SupportedTargets();
  if (now != all) hwy::SetSupportedTargetsForTest(now);
  return all & HWY_TARGETS;
}

}  // namespace

std::vector<std::string> available_instruction_sets() {
  std::vector<std::string> names;
  // Lower bits are better targets.
  for (std::int64_t targets = all_targets(); targets != 0; targets &= targets - 1) {
    names.emplace_back(hwy::TargetName(targets & -targets));
  }
  return names;
}

std::string instruction_set() { return hwy::TargetName(HWY_DYNAMIC_DISPATCH(target_of_body)()); }

bool has_fused_multiply_add() { return HWY_DYNAMIC_DISPATCH(body_has_fused_multiply_add)(); }

void use_instruction_set(const std::string& name) {
  if (name.empty()) return force(0);
  const std::string wanted = highway_name(name);
  for (std::int64_t targets = all_targets(); targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    if (wanted == upper_case(hwy::TargetName(target))) return force(target);
  }
  throw UsageError(fmt::format("instruction set '{}' is not available here; there are: {}", name,
                               fmt::join(available_instruction_sets(), ", ")));
}

}  // namespace normlab
#endif  // HWY_ONCE
