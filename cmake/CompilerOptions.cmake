# Warnings are shown always and are errors only where developers build (NORMLAB_WERROR, set by the
# presets of this repository). Contraction of a*b+c into an FMA is off: where a fused multiply-add
# is meant it is written (hwy::MulAdd), so that every build rounds at the same places.
option(NORMLAB_WERROR "Treat warnings as errors" OFF)
set(NORMLAB_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

# GCC's address sanitizer checks each access in place, which made compiling the tests take longer than
# running them. Where a call does, it is one; code that spends its time in loops over arrays keeps
# the checks in place, as the kernels' tests took 2.2 times as long with calls.
set(normlab_checks_in_calls $<$<CXX_COMPILER_ID:GNU>:--param=asan-instrumentation-with-call-threshold=0>)
set(normlab_checks_in_place $<$<CXX_COMPILER_ID:GNU>:--param=asan-instrumentation-with-call-threshold=7000>)

# normlab_compile_options(target [LOOPS]): how all of normlab's targets are compiled.
function(normlab_compile_options target)
  cmake_parse_arguments(ARG "LOOPS" "" "" ${ARGN})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                           -ffp-contract=off
                                           $<$<BOOL:${NORMLAB_WERROR}>:-Werror>)
  if(NORMLAB_SANITIZE)
    # A null pointer ends the program by itself, and the checks cost compile time: without these and
    # two more a joined file took 46 s, with them 56.
    target_compile_options(${target} PRIVATE
      -fsanitize=${NORMLAB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
      -fno-sanitize=null,object-size,vptr
      $<IF:$<BOOL:${ARG_LOOPS}>,${normlab_checks_in_place},${normlab_checks_in_calls}>)
    target_link_options(${target} PUBLIC -fsanitize=${NORMLAB_SANITIZE})
  endif()
endfunction()
