#include "normlab/kernels/matrix_unit.h"

#include "normlab/kernels/simd.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace normlab {
namespace {

#if defined(__x86_64__) && defined(__linux__)
bool processor_has_matrix_unit() {
  constexpr unsigned kBf16 = 1u << 22;  // leaf 7, EDX
  constexpr unsigned kTiles = 1u << 24;
  constexpr unsigned kVectorBf16 = 1u << 5;  // leaf 7.1, EAX: rounding to bf16 in vectors
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & (kBf16 | kTiles)) != (kBf16 | kTiles)) return false;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kVectorBf16) != 0;
}

// The kernel saves the unit's registers, 8 kB, only for programs that have asked (Linux 5.16).
bool system_allows_matrix_unit() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of <asm/prctl.h>
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool find_matrix_unit() { return processor_has_matrix_unit() && system_allows_matrix_unit(); }
#else
bool find_matrix_unit() { return false; }
#endif

}  // namespace

bool has_matrix_unit() {
  static const bool has = find_matrix_unit();
  return has;
}

bool has_matrix_unit_in_use() { return instruction_set() == "AVX3" && has_matrix_unit(); }

std::string bf16_products() { return has_matrix_unit_in_use() ? "AMX" : "emulated"; }

}  // namespace normlab
