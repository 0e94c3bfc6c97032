// Which instruction set the kernels run on.
//
// Every kernel has one body, compiled for each instruction set (Highway); the best that the machine
// has is chosen at run time. A tile is 16 lanes everywhere, so narrower machines run the same
// arithmetic in the same order in two or four pieces: all sets with fused multiply-add give the
// same bits. Those without it (SSE4 and the portable SCALAR or EMU128, whichever the compiler can
// build) are right, but round twice where an FMA rounds once.
#pragma once

#include <string>
#include <vector>

namespace normlab {

// Names of the instruction sets that this program was built for and this machine can run, best
// first: "AVX3" (AVX-512), "AVX2" (with FMA), "SSE4", "NEON", and last the portable one.
std::vector<std::string> available_instruction_sets();

// The one that kernels run on now. Asked of the kernels themselves: it is the name compiled into
// the body that dispatch chooses.
std::string instruction_set();

// Makes every kernel run on `name` (any case; "avx512" and "portable" are understood), or on the
// best if empty. Not to be called while kernels run. Throws UsageError naming those available.
void use_instruction_set(const std::string& name);

// True if the instruction set in use rounds a*b+c once, so that the promise of equal bits holds.
bool has_fused_multiply_add();

}  // namespace normlab
