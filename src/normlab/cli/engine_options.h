// What every command that computes takes: --threads and --simd.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "normlab/base/workers.h"

namespace normlab {

struct EngineOptions {
  int threads = available_threads();
  std::string simd;  // empty: $NORMLAB_SIMD, else the best
};

// --simd alone, for what computes nothing. The string must outlive the parsing.
void add_simd_option(CLI::App& command, std::string& simd);

// The options must outlive the parsing of the command line.
void add_engine_options(CLI::App& command, EngineOptions& options);

// Chooses the instruction set; throws UsageError if this machine does not have it.
void use_engine_options(const EngineOptions& options);

}  // namespace normlab
