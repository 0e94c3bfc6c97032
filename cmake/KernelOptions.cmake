# normlab_kernel_options(FILES...): how files that hold kernels are compiled.
function(normlab_kernel_options)
  # Debian's Highway knows many x86 targets; these four are enough for every machine that is in use,
  # and each costs compile time: AVX-512 (AVX3), AVX2 with FMA, SSE4, and the portable baseline. On
  # ARM that is NEON; SVE's vectors have no size that the compiler knows, so that no array can hold
  # them.
  set_property(SOURCE ${ARGN} TARGET_DIRECTORY normlab APPEND PROPERTY
    COMPILE_DEFINITIONS "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_AVX3_DL|HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)")

  # GCC 12 keeps accumulator arrays in memory unless the loops over them are unrolled: the plain 3x3
  # convolution ran at 27 GFLOP/s with -O2, 77 with -O3 and 108 with -O3 -funroll-loops on one core.
  # Not in debug builds, where a debugger should find its way, nor under sanitizers, where kernels
  # are tested on small sizes and compiling them would take longer than all tests.
  if(NORMLAB_SANITIZE)
    set_property(SOURCE ${ARGN} TARGET_DIRECTORY normlab APPEND PROPERTY
      COMPILE_OPTIONS ${normlab_checks_in_place})
    return()
  endif()
  set_property(SOURCE ${ARGN} TARGET_DIRECTORY normlab APPEND PROPERTY
    COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O3>
                    $<$<AND:$<NOT:$<CONFIG:Debug>>,$<CXX_COMPILER_ID:GNU>>:-funroll-loops>)
endfunction()
