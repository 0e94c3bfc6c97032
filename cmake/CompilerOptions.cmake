# Warnings are shown always and are errors only where developers build (NORMLAB_WERROR, set by the
# presets of this repository). Contraction of a*b+c into an FMA is off: where a fused multiply-add
# is meant it is written (hwy::MulAdd), so that every build rounds at the same places.
option(NORMLAB_WERROR "Treat warnings as errors" OFF)
set(NORMLAB_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

function(normlab_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                           -ffp-contract=off
                                           $<$<BOOL:${NORMLAB_WERROR}>:-Werror>)
  if(NORMLAB_SANITIZE)
    # A null pointer ends the program by itself. GCC spent a quarter of its time on these checks, and
    # half of it on ASan's until they became calls.
    target_compile_options(${target} PRIVATE
      -fsanitize=${NORMLAB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
      -fno-sanitize=null,object-size,vptr
      $<$<CXX_COMPILER_ID:GNU>:--param=asan-instrumentation-with-call-threshold=0>)
    target_link_options(${target} PUBLIC -fsanitize=${NORMLAB_SANITIZE})
  endif()
endfunction()
