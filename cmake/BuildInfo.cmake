# Writes what the program is built from, at each build, because the commit changes without CMake
# being run; the file is touched only when its content changes:
#   cmake -DOUTPUT=build_info_values.h -DROOT=/source -DVERSION=0.1.0 ... -P BuildInfo.cmake
set(commit "unknown")
find_program(GIT git)
if(GIT)
  # An archive may have been unpacked within another project's repository.
  execute_process(COMMAND ${GIT} -C ${ROOT} rev-parse --show-cdup
                  OUTPUT_VARIABLE way_to_top RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(GIT AND NOT failed AND way_to_top STREQUAL "")
  execute_process(COMMAND ${GIT} -C ${ROOT} describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE described RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(commit "${described}")
  endif()
endif()
string(STRIP "${FLAGS}" FLAGS)
string(REPLACE "\\" "\\\\" FLAGS "${FLAGS}")
string(REPLACE "\"" "\\\"" FLAGS "${FLAGS}")
set(text "// Written by cmake/BuildInfo.cmake.
#pragma once

inline constexpr auto kVersion = \"${VERSION}\";
inline constexpr auto kCommit = \"${commit}\";
inline constexpr auto kCompiler = \"${COMPILER}\";
inline constexpr auto kFlags = \"${FLAGS}\";
inline constexpr auto kBuildType = \"${BUILD_TYPE}\";
inline constexpr auto kHighwayVersion = \"${HIGHWAY}\";
")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT text STREQUAL old)
  file(WRITE "${OUTPUT}" "${text}")
endif()
