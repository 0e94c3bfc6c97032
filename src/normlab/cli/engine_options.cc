#include "normlab/cli/engine_options.h"

#include <fmt/format.h>

#include "normlab/base/error.h"
#include "normlab/kernels/simd.h"

namespace normlab {
namespace {

constexpr int kMostThreads = 1024;

}  // namespace

void add_simd_option(CLI::App& command, std::string& simd) {
  command.add_option("--simd", simd, "Instruction set, see normlab info (default: the best)")
      ->envname("NORMLAB_SIMD");
}

void add_engine_options(CLI::App& command, EngineOptions& options) {
  command.add_option(
      "--threads", options.threads,
      "Number of threads (default: all of this machine); results do not depend on it");
  add_simd_option(command, options.simd);
}

void use_engine_options(const EngineOptions& options) {
  if (options.threads < 1 || options.threads > kMostThreads) {
    throw UsageError(fmt::format("--threads {}: a number from 1 to {} is needed", options.threads,
                                 kMostThreads));
  }
  use_instruction_set(options.simd);
}

}  // namespace normlab
