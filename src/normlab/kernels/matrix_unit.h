// The matrix unit of x86 processors (AMX), which multiplies blocks of 16 x 32 and 32 x 16 bf16
// numbers and adds to 16 x 16 floats in sixteen cycles: fifteen times the multiply-adds of AVX-512.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18, and
// TDPBF16PS in volume 2.
#pragma once

#include <string>

namespace normlab {

// True if the processor has one for bf16 and the system lets this program use it, which is asked
// for at the first call.
bool has_matrix_unit();

// Whether kernels multiply bf16 numbers with it now: where there is one and the instruction set in
// use is AVX-512. Else they do the same sums in the same order by fused multiply-adds.
bool has_matrix_unit_in_use();

// "AMX" or "emulated".
std::string bf16_products();

}  // namespace normlab
